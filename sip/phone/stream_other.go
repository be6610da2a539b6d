//go:build !linux

package phone

func setUserTimeout(uintptr) {}
