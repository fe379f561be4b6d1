//go:build linux && !amd64 && !arm64

package child

import "errors"

func filter() error { return errors.New("not built for this architecture") }
