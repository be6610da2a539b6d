package daemon_test

import (
	"bufio"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"ringback/configs"
)

// manager is the AMI of an Asterisk, as far as Ringback uses it. It takes one connection.
type manager struct {
	net.Listener
	deny []string // actions that its user may not

	mu    sync.Mutex
	conn  net.Conn
	asked []string // "SendText PJSIP/101-00000002 text"
}

func newManager(t *testing.T, deny ...string) *manager {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m := &manager{Listener: l, deny: deny}
	var done sync.WaitGroup
	done.Go(func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		m.mu.Lock()
		m.conn = conn
		m.mu.Unlock()
		m.serve(conn)
	})
	t.Cleanup(func() {
		_ = l.Close()
		m.mu.Lock()
		if m.conn != nil {
			_ = m.conn.Close()
		}
		m.mu.Unlock()
		done.Wait()
	})
	return m
}

func (m *manager) serve(conn net.Conn) {
	m.write("Asterisk Call Manager/11.0.0\r\n")
	action := map[string]string{}
	for in := bufio.NewScanner(conn); in.Scan(); {
		if name, value, ok := strings.Cut(in.Text(), ": "); ok {
			action[name] = value
			continue
		}
		m.answer(action)
		action = map[string]string{}
	}
}

func (m *manager) answer(action map[string]string) {
	head := "Response: Success\r\nActionID: " + action["ActionID"] + "\r\n"
	switch name := action["Action"]; {
	case slices.Contains(m.deny, name):
		m.write("Response: Error\r\nActionID: " + action["ActionID"] + "\r\nMessage: Permission denied\r\n\r\n")
	case name == "Challenge":
		m.write(head + "Challenge: 42\r\n\r\n")
	case name == "CoreShowChannels":
		m.write(head + "\r\nEvent: CoreShowChannelsComplete\r\nActionID: " + action["ActionID"] + "\r\n\r\n")
	case name == "SendText":
		m.note(name + " " + action["Channel"] + " " + action["Message"])
		m.write(head + "Message: Success\r\n\r\n")
	case name == "MessageSend":
		m.note(name + " " + action["Destination"] + " " + action["Body"])
		m.write(head + "Message: Message successfully sent\r\n\r\n")
	default:
		m.write(head + "\r\n")
	}
}

func (m *manager) note(s string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked = append(m.asked, s)
}

// did are the messages that were asked for.
func (m *manager) did() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.asked)
}

func (m *manager) write(s string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.conn != nil {
		_, _ = m.conn.Write([]byte(s))
	}
}

// event tells one, of headers in turn.
func (m *manager) event(kind string, headers ...string) {
	var s strings.Builder
	s.WriteString("Event: " + kind + "\r\n")
	for i := 0; i < len(headers); i += 2 {
		s.WriteString(headers[i] + ": " + headers[i+1] + "\r\n")
	}
	m.write(s.String() + "\r\n")
}

const customersNumber = "+358401234567"

// caller tells that the customer calls the hotline.
func (m *manager) caller(id string) {
	m.event("Newchannel", "Channel", "PJSIP/trunk-"+id, "Uniqueid", id, "ChannelStateDesc", "Ring", "CallerIDNum", customersNumber, "Exten", "+35893100100")
}

// ring tells that the phone of 101 rings for a caller.
func (m *manager) ring(id, caller string) {
	m.event("Newchannel", "Channel", "PJSIP/101-"+id, "Uniqueid", id, "ChannelStateDesc", "Down", "CallerIDNum", "101", "ConnectedLineNum", customersNumber)
	m.event("DialBegin", "Channel", "PJSIP/trunk-"+caller, "Uniqueid", caller, "ChannelStateDesc", "Ring", "CallerIDNum", customersNumber,
		"DestChannel", "PJSIP/101-"+id, "DestUniqueid", id, "DestChannelStateDesc", "Down", "DialString", "101")
	m.event("Newstate", "Channel", "PJSIP/101-"+id, "Uniqueid", id, "ChannelStateDesc", "Ringing")
}

func (m *manager) up(channel, id string) {
	m.event("Newstate", "Channel", "PJSIP/"+channel+"-"+id, "Uniqueid", id, "ChannelStateDesc", "Up")
}

func (m *manager) gone(channel, id string) {
	m.event("Hangup", "Channel", "PJSIP/"+channel+"-"+id, "Uniqueid", id, "Cause", "16")
}

// refusing is a phone, or a PBX, that takes no messages.
func refusing(t *testing.T) string {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	go func() {
		b := make([]byte, 64<<10)
		for {
			n, from, err := c.ReadFrom(b)
			if err != nil {
				return
			}
			var answer strings.Builder
			answer.WriteString("SIP/2.0 405 Method Not Allowed\r\n")
			for line := range strings.SplitSeq(string(b[:n]), "\r\n") {
				name, _, _ := strings.Cut(line, ":")
				if slices.Contains([]string{"Via", "From", "To", "Call-ID", "CSeq"}, name) {
					answer.WriteString(line + "\r\n")
				}
			}
			answer.WriteString("Content-Length: 0\r\n\r\n")
			_, _ = c.WriteTo([]byte(answer.String()), from)
		}
	}()
	return "sip:" + c.LocalAddr().String()
}

// TestHintsGoOutByAMI lets a customer who was missed call again, at an Asterisk whose phones take no messages but by
// AMI.
func TestHintsGoOutByAMI(t *testing.T) {
	for name, c := range map[string]struct {
		ways []configs.HintWay
		deny []string
		// what Asterisk was asked for when the phone rings, and when the call is answered
		ringing, answered string
		failed            string // way that metrics count
	}{
		"by default, where our own message is refused": {
			nil, nil, "MessageSend pjsip:101 ", "", `{outcome="refused",way="message"} 1`,
		},
		"inside the call alone":        {[]configs.HintWay{configs.HintSendText}, nil, "", "SendText PJSIP/101-4.2 ", ""},
		"as Asterisk's user may alone": {[]configs.HintWay{configs.HintMessageSend, configs.HintSendText}, []string{"MessageSend"}, "", "SendText PJSIP/101-4.2 ", `{outcome="gave_up",way="message_send"} 1`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := settings(t)
			know(t, s, "../configs/examples/asterisk-lab.yaml")
			ami := newManager(t, c.deny...)
			file := filepath.Join(s.DataDir, "ami.secret")
			put(t, file, "hush\n")
			s.HEP.UDP, s.Hints.Enabled, s.Hints.UDP, s.Hints.Proxy = nil, true, []configs.Address{"127.0.0.1:0"}, refusing(t)
			s.Asterisks = []configs.Asterisk{{PBX: "asterisk", AMIAddress: ami.Addr().String(), AMIUser: "ringback", AMISecretFile: file, HintWays: c.ways}}
			x := run(t, s)
			x.await("the feed", func() bool { return strings.Contains(x.log.String(), "feed is up") })
			ami.caller("1.1")
			x.await("the call", func() bool { return x.Signalling().LiveCalls == 1 })
			ami.gone("trunk", "1.1")
			x.awaitCases(1)

			ami.caller("4.1")
			ami.ring("4.2", "4.1")
			if c.ringing != "" {
				x.await(c.ringing, func() bool { return len(ami.did()) == 1 })
			}
			ami.up("101", "4.2")
			ami.up("trunk", "4.1")
			x.await("a message", func() bool { return len(ami.did()) == 1 })
			if got := ami.did()[0]; !strings.HasPrefix(got, c.ringing+c.answered) || !strings.Contains(got, customersNumber) {
				t.Errorf("AMI was asked %q", got)
			}
			if _, text := x.get("/metrics"); c.failed != "" && !strings.Contains(text, "ringback_hint_ways_total"+c.failed) {
				t.Errorf("the metrics do not count %s", c.failed)
			}
		})
	}
}
