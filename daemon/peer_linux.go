package daemon

import (
	"net"
	"os/user"
	"strconv"

	"golang.org/x/sys/unix"
)

// userOf is the user whose process is at the other end of a connection of a Unix socket (unix(7), SO_PEERCRED):
// his name, or his number where he has none; empty when the system does not say.
func userOf(c *net.UnixConn) string {
	raw, err := c.SyscallConn()
	if err != nil {
		return ""
	}
	var cred *unix.Ucred
	if err := raw.Control(func(fd uintptr) {
		cred, err = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	}); err != nil || cred == nil {
		return ""
	}
	uid := strconv.FormatUint(uint64(cred.Uid), 10)
	if u, err := user.LookupId(uid); err == nil {
		return u.Username
	}
	return uid
}
