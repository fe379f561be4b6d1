//go:build !linux

package child

import "runtime"

func guard(settings) guards {
	return guards{Missing: []string{"resource limits, file system and network are not confined on " + runtime.GOOS}}
}
