package phone

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/emiago/sipgo/sip"
)

// written is a connection that keeps the last message.
type written struct {
	local net.Addr
	out   chan string
}

func (w *written) LocalAddr() net.Addr    { return w.local }
func (w *written) Ref(int) int            { return 1 }
func (w *written) TryClose() (int, error) { return 1, nil }
func (w *written) Close() error           { return nil }
func (w *written) WriteMsg(m sip.Message) error {
	select {
	case w.out <- m.String():
	default:
	}
	return nil
}

// FuzzEndpoint lets a peer say anything, in a call and outside. Datagrams are separated by two zero bytes; TAG in them
// stands for our tag of the call.
func FuzzEndpoint(f *testing.F) {
	const tail = "Max-Forwards: 70\r\nFrom: <sip:+358401234567@pbx>;tag=cust\r\nTo: <sip:1@pbx>%TO%\r\nCall-ID: fuzz\r\nContact: <sip:c@127.0.0.1:5062>\r\n"
	message := func(method, to, cseq, extra, body string) string {
		return method + " sip:1@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5062;branch=z9hG4bK" + method + cseq + "\r\n" +
			strings.ReplaceAll(tail, "%TO%", to) + "CSeq: " + cseq + " " + method + "\r\n" + extra + "\r\n" + body
	}
	const isSDP = "Content-Type: application/sdp\r\n"
	invite := message("INVITE", "", "1", isSDP+"Supported: timer, 100rel\r\nSession-Expires: 90\r\nDiversion: <sip:2@pbx>;reason=busy\r\nHistory-Info: <sip:2@pbx>;index=1, <sip:3@pbx;cause=408>;index=1.1\r\nPrivacy: none\r\nP-Asserted-Identity: \"A\" <tel:+358401234567>\r\nRecord-Route: <sip:127.0.0.1;lr>\r\n", string(sdp("x")))
	for _, then := range []string{
		message("ACK", ";tag=TAG", "1", "", ""),
		message("PRACK", ";tag=TAG", "2", "RAck: 1 1 INVITE\r\n", ""),
		message("INVITE", ";tag=TAG", "2", "", ""),
		message("UPDATE", ";tag=TAG", "2", isSDP+"Session-Expires: 1800;refresher=uac\r\n", string(sdp("y"))),
		message("INFO", ";tag=TAG", "2", "Content-Type: application/dtmf-relay\r\n", "Signal=5\r\n"),
		message("NOTIFY", ";tag=TAG", "2", "Event: refer\r\nSubscription-State: terminated\r\n", "SIP/2.0 200 OK\r\n"),
		message("BYE", ";tag=TAG", "2", "Reason: Q.850;cause=16;text=\"x\"\r\n", ""),
		message("CANCEL", "", "1", "", ""),
		message("INVITE", "", "1", "Content-Type: multipart/mixed;boundary=b\r\n", "--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--b--\r\n"),
	} {
		f.Add([]byte(invite + "\x00\x00" + then))
	}
	torture, _ := filepath.Glob("../testdata/rfc4475/*.dat")
	for _, name := range torture {
		if b, err := os.ReadFile(name); err == nil {
			f.Add(b)
		}
	}
	e := newEndpoint(f, newNetwork(), EndpointOptions{CallRate: 1e9, MaxCalls: 1000, Incoming: func(c *Call) {
		_ = c.Ring(context.Background())
		_ = c.Invitation.Caller
	}})
	from := netip.MustParseAddrPort("127.0.0.1:5062")
	log := slog.New(slog.DiscardHandler)
	f.Fuzz(func(t *testing.T, all []byte) {
		out := make(chan string, 8)
		conn := &written{local: net.UDPAddrFromAddrPort(e.Addrs()[0]), out: out}
		tag := ""
		for b := range bytes.SplitSeq(all, []byte{0, 0}) {
			b = bytes.ReplaceAll(b, []byte("TAG"), []byte(tag))
			if len(b) > maxInbound || !e.phone.admits(b, from) {
				continue
			}
			m, ok := e.phone.parse(b)
			req, isRequest := m.(*sip.Request)
			if !ok || !isRequest {
				t.Fatalf("admitted what cannot be read: %q", b)
			}
			req.SetTransport("UDP")
			req.SetSource(from.String())
			tx := sip.NewServerTx("x", req, conn, log)
			if tx.Init() != nil {
				continue
			}
			e.serve(req, tx)
			if to := req.To(); to != nil {
				tag, _ = to.Params.Get("tag")
			}
			for range len(out) {
				s := <-out // further Vias are the sender's own, also when they are none
				if !strings.HasPrefix(s, "SIP/2.0 ") || strings.Count(s, "\r\n\r\n") != 1 && !strings.Contains(s, "application/sdp") {
					t.Errorf("answered %q", s)
				}
			}
			tx.Terminate()
		}
	})
}

// FuzzHeaders reads header values as peers write them.
func FuzzHeaders(f *testing.F) {
	for _, s := range []string{
		`"A \"b\"" <sip:+358401234567;phone-context=fi@pbx;user=phone>;reason="no-answer";privacy=off, <tel:+1>`,
		`SIP;cause=200;text="Call completed elsewhere"`, `1800;refresher=uac`, `<sip:%2b358@x?Privacy=history>;cause=408`,
		`""`, `"<`, `;;;=`, `<sip:a@b`, "99999999999999999999999",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, sep := range []byte{',', ';'} {
			for v := range elements(s, sep) {
				if v == "" {
					t.Error("an empty element")
				}
			}
		}
		if p, ok := party(s); ok && p.URI == "" {
			t.Errorf("a party without a URI in %q", s)
		}
		if d, ok := seconds(s); ok && d < 0 {
			t.Errorf("%v of %q", d, s)
		}
		_, _ = param(s, "cause")
		_ = Reason{Protocol: "SIP", Text: s}.String()
		if h := (Header{"X-A", printable(s)}); !h.sound() {
			t.Errorf("%q is no value", h.Value)
		}
		_ = fragmentStatus([]byte(s))
	})
}
