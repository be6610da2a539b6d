package daemon

import (
	"net"
	"os/user"

	"ringback/directory/audit"
)

// peers is the admin socket. Its connections have as remote address the user at the other end, so that the
// audit trail can name him.
type peers struct{ *net.UnixListener }

// Accept waits for the next connection.
func (p peers) Accept() (net.Conn, error) {
	c, err := p.AcceptUnix()
	if err != nil {
		return nil, err
	}
	return &peer{c, &net.UnixAddr{Net: "unix", Name: userOf(c)}}, nil
}

// peer is one connection.
type peer struct {
	net.Conn
	who net.Addr
}

// RemoteAddr is the user at the other end.
func (p *peer) RemoteAddr() net.Addr { return p.who }

// operator is whoever runs this process, as the audit trail names him who works on a stopped daemon's store.
func operator() audit.Who {
	who := audit.Who{Kind: audit.Socket}
	if u, err := user.Current(); err == nil {
		who.ID = u.Username
	}
	return who
}
