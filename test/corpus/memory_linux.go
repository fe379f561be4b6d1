package main

import (
	"os"
	"strconv"
	"strings"
)

// memory is what a process and its children hold, megabytes: resident pages, those that they share counted once a process. A child that
// runs the program of its parent is one that has not begun its own yet: its memory is that of the parent.
func memory(pid int) int64 {
	id := strconv.Itoa(pid)
	var pages int64
	if b, err := os.ReadFile("/proc/" + id + "/statm"); err == nil {
		if fields := strings.Fields(string(b)); len(fields) > 1 {
			pages, _ = strconv.ParseInt(fields[1], 10, 64)
		}
	}
	total := pages * int64(os.Getpagesize()) >> 20
	program, _ := os.Readlink("/proc/" + id + "/exe")
	tasks, err := os.ReadDir("/proc/" + id + "/task")
	if err != nil {
		return total
	}
	for _, task := range tasks {
		b, err := os.ReadFile("/proc/" + id + "/task/" + task.Name() + "/children")
		if err != nil {
			continue
		}
		for _, child := range strings.Fields(string(b)) {
			own, err := os.Readlink("/proc/" + child + "/exe")
			if err != nil || own == program {
				continue
			}
			if n, err := strconv.Atoi(child); err == nil {
				total += memory(n)
			}
		}
	}
	return total
}
