// Command repack writes a compound file anew without its property sets, which hold dates, names and pictures: fixtures stay
// small. It takes the name of the file.
package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/internal/formattest"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/ole"
)

func main() {
	if err := repack(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func repack(name string) error {
	b, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	o, err := ole.Open(document.NewFile(name, "", int64(len(b)), bytes.NewReader(b)), budget.New(budget.Default))
	if err != nil {
		return err
	}
	streams := map[string]string{}
	if err := collect(o.Root(), "", streams); err != nil {
		return err
	}
	return os.WriteFile(name, formattest.OLE(streams), 0o644)
}

func collect(s *ole.Storage, path string, to map[string]string) error {
	for _, name := range s.Names() {
		if inner, ok := s.Storage(name); ok {
			if err := collect(inner, path+name+"/", to); err != nil {
				return err
			}
			continue
		}
		if strings.HasPrefix(name, "\x05") {
			continue
		}
		b, err := s.Stream(name)
		if err != nil {
			return err
		}
		to[path+name] = string(b)
	}
	return nil
}
