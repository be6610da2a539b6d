//go:build !linux

package hep

import (
	"net"
	"time"
)

// gatherable is c: bytes gather on Linux only.
func gatherable(c net.Conn, _ time.Duration) net.Conn { return c }
