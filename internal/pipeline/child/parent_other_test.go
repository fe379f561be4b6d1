//go:build !linux

package child

func poolParent(string) {}
