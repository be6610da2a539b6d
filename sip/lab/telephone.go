package lab

import (
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"time"
)

// Telephone is baresip, which is told what to do at its control port.
type Telephone struct {
	*Program

	l       *Lab
	control int
}

// Telephone starts baresip with the files of a folder of the lab; its control port is what ctrl_tcp_listen says there.
func (l *Lab) Telephone(folder string, control int) *Telephone {
	l.t.Helper()
	return &Telephone{l.Run("baresip", "-f", l.Path(folder)), l, control}
}

// Command types a command, as "dial" with a number (baresip's ctrl_tcp: JSON in netstrings), and waits for its answer.
func (p *Telephone) Command(name string, params ...string) {
	p.l.t.Helper()
	conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", p.control))
	if err != nil {
		p.l.t.Fatal(err)
	}
	defer conn.Close()
	body, err := json.Marshal(map[string]string{"command": name, "params": strings.Join(params, " ")})
	if err != nil {
		p.l.t.Fatal(err)
	}
	if _, err := fmt.Fprintf(conn, "%d:%s,", len(body), body); err != nil {
		p.l.t.Fatal(err)
	}
	if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		p.l.t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 4096)); err != nil {
		p.l.t.Fatalf("%s: no answer: %v", name, err)
	}
}
