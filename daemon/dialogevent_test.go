package daemon_test

import (
	"bufio"
	"crypto/tls"
	"strings"
	"testing"

	"ringback/configs"
)

// TestDialogEventsTrustTheirPBXByItsAuthority subscribes at a PBX whose certificate an authority of its own signed.
func TestDialogEventsTrustTheirPBXByItsAuthority(t *testing.T) {
	t.Parallel()
	own, other := newAuthority(t, "the PBX's own"), newAuthority(t, "somebody else's")
	cert, key := own.pair("pbx")
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	heard := make(chan string, 100)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				line, err := bufio.NewReader(conn).ReadString('\n')
				if err != nil {
					line = err.Error()
				}
				heard <- line
			}()
		}
	}()
	c := settings(t)
	know(t, c, kamailio)
	c.DialogEvents = []configs.DialogEvents{{
		PBX: "kamailio", URIs: []string{"sips:+35893100100@" + l.Addr().String()}, Server: "sip:" + l.Addr().String() + ";transport=tls", CAFile: own.file,
	}}
	x := run(t, c)
	if line := <-heard; !strings.HasPrefix(line, "SUBSCRIBE ") {
		t.Errorf("the PBX heard %q", line)
	}
	if err := x.stop(); err != nil {
		t.Fatal(err)
	}
	c.DialogEvents[0].CAFile = other.file
	x = run(t, c)
	if line := <-heard; strings.HasPrefix(line, "SUBSCRIBE ") {
		t.Errorf("a PBX that nobody vouches for heard %q", line)
	}
	x.await("the feed says why", func() bool { return strings.Contains(x.log.String(), "certificate") })
}
