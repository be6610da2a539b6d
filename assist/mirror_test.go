package assist

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"ringback/directory"
	"ringback/sip"
	"ringback/sip/phone"
)

// What Asterisk 22.10.1 makes of a hint: it answers 202 and passes the text on in a transaction of its
// own, here to baresip 1.0.0; the mirror shows both messages.
const (
	asteriskCopy = "MESSAGE sip:101-0x5571853cace0@10.20.0.101:5060 SIP/2.0\r\n" +
		"Via: SIP/2.0/UDP 10.20.0.10:5060;rport;branch=z9hG4bKPja6df64d3-485f-407d-8b59-493b5c6a46b9\r\n" +
		"From: \"Callwatch\" <sip:callwatch@10.20.0.9>;tag=8d18d268-4bad-4590-ba30-edd5a9a9bf54\r\n" +
		"To: <sip:101-0x5571853cace0@10.20.0.101>\r\n" +
		"Call-ID: 9471e6d9-f8fb-4e0a-82c0-ebd4bd11a9cc\r\n" +
		"CSeq: 12942 MESSAGE\r\n" +
		"Max-Forwards: 70\r\n" +
		"User-Agent: Asterisk PBX 22.10.1\r\n" +
		"Content-Type: text/plain\r\n" +
		"Content-Length:    34\r\n\r\n" +
		hintText
	phoneAnswer = "SIP/2.0 200 OK\r\n" +
		"Via: SIP/2.0/UDP 10.20.0.10:5060;branch=z9hG4bKPja6df64d3-485f-407d-8b59-493b5c6a46b9;rport=5060;received=10.20.0.10\r\n" +
		"From: \"Callwatch\" <sip:callwatch@10.20.0.9>;tag=8d18d268-4bad-4590-ba30-edd5a9a9bf54\r\n" +
		"To: <sip:101-0x5571853cace0@10.20.0.101>;tag=987110b79771f22c\r\n" +
		"Call-ID: 9471e6d9-f8fb-4e0a-82c0-ebd4bd11a9cc\r\n" +
		"CSeq: 12942 MESSAGE\r\n" +
		"Server: baresip v1.0.0 (x86_64/linux)\r\n" +
		"Content-Length: 0\r\n\r\n"
	hintText = "HINT101 case #12 äö missed 10:32"
	contact  = "sip:101-0x5571853cace0@10.20.0.101:5060"
)

// mirror shows a message to a Delivery as the daemon does.
func mirror(tb testing.TB, d *Delivery, raw, src, dst string) bool {
	tb.Helper()
	var m sip.Message
	if _, err := sip.NewScanner(nil).Scan([]byte(raw), &m); err != nil {
		tb.Fatal(err)
	}
	m.Src, m.Dst = netip.MustParseAddrPort(src), netip.MustParseAddrPort(dst)
	return d.Mirrored(&m)
}

// asterisk is a Delivery behind a PBX that answers 202 to everything.
func asterisk(t *testing.T, o DeliveryOptions) (*outbox, *softphone) {
	t.Helper()
	pbx := newSoftphone(t, "202 Accepted")
	d := newDirectory(t, strings.Replace(centre, "name: Support,", `name: Support, hint: "`+hintText+`",`, 1))
	o.Directory = func() *directory.Directory { return d }
	x := newOutbox(t, phone.Options{From: "sip:callwatch@10.20.0.9", DisplayName: "Callwatch", OutboundProxy: "sip:" + pbx.addr}, o)
	return x, pbx
}

const pbxAddr, phoneAddr = "10.20.0.10:5060", "10.20.0.101:5060"

func TestBehindA202OnlyTheMirrorTells(t *testing.T) {
	show := func(x *outbox) func(raw string) {
		return func(raw string) {
			t.Helper()
			src, dst := phoneAddr, pbxAddr
			if strings.HasPrefix(raw, "MESSAGE") {
				src, dst = dst, src
			}
			if !mirror(t, x.Delivery, raw, src, dst) {
				t.Errorf("not known for ours:\n%s", raw)
			}
		}
	}
	refusal := strings.Replace(phoneAnswer, "200 OK", "415 Unsupported Media Type", 1)
	challenge := strings.Replace(phoneAnswer, "200 OK", "401 Unauthorized", 1)
	second := strings.NewReplacer("9471e6d9", "f4029ccd", "101-0x5571853cace0", "101-0x2")
	for _, tt := range []struct {
		name  string
		shown []string
		want  string
	}{
		{"the phone took it", []string{asteriskCopy, phoneAnswer}, "delivered 200 after 1"},
		{"the phone refused it", []string{asteriskCopy, refusal}, "refused 415 after 1"},
		{"the answer is shown first", []string{phoneAnswer, asteriskCopy}, "delivered 200 after 1"},
		{"two capture points show everything", []string{asteriskCopy, asteriskCopy, phoneAnswer, phoneAnswer}, "delivered 200 after 1"},
		{"provisional answers and challenges decide nothing", []string{asteriskCopy, strings.Replace(phoneAnswer, "200 OK", "100 Trying", 1), challenge, phoneAnswer}, "delivered 200 after 1"},
		{"one of two phones refused", []string{asteriskCopy, second.Replace(asteriskCopy), refusal, second.Replace(phoneAnswer)}, "delivered 200 after 1"},
		{"both refused", []string{asteriskCopy, second.Replace(asteriskCopy), refusal, refusal, second.Replace(refusal)}, "refused 415 after 1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			x, pbx := asterisk(t, DeliveryOptions{MirrorWait: time.Hour})
			x.Deliver(hintFor(Raised, "anna", "c1", contact))
			if got := pbx.take(t); got != hintText {
				t.Fatalf("the PBX got %q", got)
			}
			x.want("sent 0 after 1, not final", "unknown 202 after 1, not final")
			for _, raw := range tt.shown {
				show(x)(raw)
			}
			if o := x.want(tt.want); o.Peer != phoneAddr || o.To != "sip:101@10.20.0.10" {
				t.Errorf("peer %s, to %s", o.Peer, o.To)
			}
			if s := x.Stats(); s.Delivered+s.Refused != 1 || s.Unknown != 0 || s.Mirrored == 0 {
				t.Errorf("%+v", s)
			}
		})
	}
}

func TestMirrorMayBeFasterThanThe202(t *testing.T) {
	pbx := newSoftphone(t, "", "202 Accepted")
	d := newDirectory(t, strings.Replace(centre, "name: Support,", `name: Support, hint: "`+hintText+`",`, 1))
	x := newOutbox(t, phone.Options{From: "sip:callwatch@10.20.0.9", OutboundProxy: "sip:" + pbx.addr, Timeout: 50 * time.Millisecond},
		DeliveryOptions{Directory: func() *directory.Directory { return d }, MirrorWait: time.Hour})
	x.Deliver(hintFor(Raised, "anna", "c1", contact))
	pbx.take(t)
	mirror(t, x.Delivery, asteriskCopy, pbxAddr, phoneAddr)
	mirror(t, x.Delivery, phoneAnswer, phoneAddr, pbxAddr)
	x.want("sent 0 after 1, not final", "unknown 202 after 2, not final", "delivered 200 after 2")
}

func TestNobodySaysWhatThePhoneAnswered(t *testing.T) {
	x, _ := asterisk(t, DeliveryOptions{MirrorWait: 20 * time.Millisecond})
	x.Deliver(hintFor(Raised, "anna", "c1", contact))
	x.want("sent 0 after 1, not final", "unknown 202 after 1, not final", "unknown 202 after 1")
	// The phone may have it: it is not told again, and what the mirror shows later changes nothing.
	x.Deliver(hintFor(Confirmed, "anna", "c1", contact))
	mirror(t, x.Delivery, asteriskCopy, pbxAddr, phoneAddr)
	mirror(t, x.Delivery, phoneAnswer, phoneAddr, pbxAddr)
	x.Close()
	x.wantNothing()
}

func TestEndOfTheCallDoesNotEndTheWaitForTheMirror(t *testing.T) {
	x, _ := asterisk(t, DeliveryOptions{MirrorWait: time.Hour})
	x.Deliver(hintFor(Raised, "anna", "c1", contact))
	x.want("sent 0 after 1, not final", "unknown 202 after 1, not final")
	x.Deliver(hintFor(Withdrawn, "anna", "c1", contact))
	mirror(t, x.Delivery, asteriskCopy, pbxAddr, phoneAddr)
	mirror(t, x.Delivery, phoneAnswer, phoneAddr, pbxAddr)
	x.want("delivered 200 after 1")
}

// The same customer rings two agents: the same text goes to both, and the mirror shows two copies.
func TestSameTextForTwoAgents(t *testing.T) {
	x, _ := asterisk(t, DeliveryOptions{MirrorWait: time.Hour})
	x.Deliver(hintFor(Raised, "anna", "c1", contact))
	x.want("sent 0 after 1, not final", "unknown 202 after 1, not final")
	x.Deliver(hintFor(Raised, "bertil", "c1", "")) // whose contact nobody knows, and linphone's user is the extension
	x.want("sent 0 after 1, not final", "unknown 202 after 1, not final")
	linphone := strings.NewReplacer("9471e6d9", "22f3ae75", "101-0x5571853cace0@10.20.0.101", "102@10.20.0.102", "200 OK", "480 Temporarily Unavailable")
	mirror(t, x.Delivery, linphone.Replace(asteriskCopy), pbxAddr, "10.20.0.102:5060")
	mirror(t, x.Delivery, asteriskCopy, pbxAddr, phoneAddr)
	mirror(t, x.Delivery, phoneAnswer, phoneAddr, pbxAddr)
	if o := x.want("delivered 200 after 1"); o.Hint.Agent != "anna" {
		t.Errorf("%s got what anna's phone took", o.Hint.Agent)
	}
	mirror(t, x.Delivery, linphone.Replace(phoneAnswer), "10.20.0.102:5060", pbxAddr)
	if o := x.want("refused 480 after 1"); o.Hint.Agent != "bertil" {
		t.Errorf("%s refused what bertil's phone did", o.Hint.Agent)
	}
}

func TestOnlyOurOwnTrafficIsOurs(t *testing.T) {
	x, pbx := asterisk(t, DeliveryOptions{MirrorWait: time.Hour})
	stranger := strings.NewReplacer("callwatch@10.20.0.9", "102@10.20.0.10", hintText, "Lunch? Back at 1, your 34 bytes..", "9471e6d9", "00000000")
	if mirror(t, x.Delivery, asteriskCopy, pbxAddr, phoneAddr) {
		t.Error("ours, before we ever sent anything")
	}
	x.Deliver(hintFor(Raised, "anna", "c1", contact))
	pbx.take(t)
	x.want("sent 0 after 1, not final", "unknown 202 after 1, not final")
	for _, raw := range []string{
		stranger.Replace(asteriskCopy), stranger.Replace(phoneAnswer),
		strings.NewReplacer("MESSAGE sip", "INFO sip", "12942 MESSAGE", "12942 INFO").Replace(asteriskCopy),
		strings.Replace(phoneAnswer, "12942 MESSAGE", "12942 BYE", 1),
	} {
		if mirror(t, x.Delivery, raw, pbxAddr, phoneAddr) {
			t.Errorf("taken for ours:\n%s", raw)
		}
	}
	x.wantNothing()
	// Our own transaction with the PBX is ours, and the 202 in it is not the phone's.
	own := strings.Replace(strings.Replace(phoneAnswer, "200 OK", "200 OK from the PBX", 1), "9471e6d9-f8fb-4e0a-82c0-ebd4bd11a9cc", callIDOf(x), 1)
	if !mirror(t, x.Delivery, own, pbxAddr, "10.20.0.9:5070") {
		t.Error("our own transaction is not known for ours")
	}
	x.wantNothing()
	// A dialplan that passes hints on under another name: the text and the phone tell.
	other := strings.NewReplacer("callwatch@10.20.0.9", "asterisk@10.20.0.10")
	if !mirror(t, x.Delivery, other.Replace(asteriskCopy), pbxAddr, phoneAddr) || !mirror(t, x.Delivery, other.Replace(phoneAnswer), phoneAddr, pbxAddr) {
		t.Error("a copy under another name is not known")
	}
	x.want("delivered 200 after 1")
}

// callIDOf is a Call-ID of a request that our user agent sent.
func callIDOf(x *outbox) string {
	res, err := x.phone.Message(x.tb.Context(), phone.Message{To: "sip:1@10.20.0.10", Body: "x"})
	if err != nil {
		x.tb.Fatal(err)
	}
	return res.CallID
}

func TestHowSurelyACopyGoesToAPhone(t *testing.T) {
	for _, tt := range []struct {
		device, to, request string
		want                int
	}{
		{contact, "sip:101@10.20.0.10", "sip:101-0x5571853cace0@10.20.0.101:5060", 3},
		{"<sip:103@10.20.0.103:5060;ob>", "sip:103@10.20.0.10", "sip:103@10.20.0.103:5060;ob", 3},
		{"sip:x@[FD20::101]:5060", "sip:101@10.20.0.10", "sip:x@[fd20::101]:5060", 3},
		{"sip:x@[fd20::101]", "sip:101@10.20.0.10", "sip:x@[fd20::101]", 3},
		{"sip:old@10.20.0.101:5060", "sip:101@10.20.0.10", "sip:new@10.20.0.101:5060", 2},
		{"", "sip:101@10.20.0.10", "sip:101@192.168.1.7:49152", 2},
		{"", "sip:101@10.20.0.10", "sip:101-0x55f5@10.20.0.101", 1},
		{"", "sip:101@10.20.0.10", "sip:1015@10.20.0.101", 0},
		{"", "sip:101@10.20.0.10", "sip:102@10.20.0.102", 0},
		{"", "sip:101@10.20.0.10", "sip:10.20.0.103:5060", 0},
		{"nonsense", "", "sip:102@10.20.0.102", 0},
	} {
		raw := strings.NewReplacer("sip:101-0x5571853cace0@10.20.0.101:5060", tt.request).Replace(asteriskCopy)
		var m sip.Message
		if _, err := sip.NewScanner(nil).Scan([]byte(raw), &m); err != nil {
			t.Fatal(err)
		}
		j := &job{hint: Hint{Device: strings.Trim(tt.device, "<>")}, routes: []Route{{To: tt.to}}}
		if got := goesTo(&m, j); got != tt.want {
			t.Errorf("%s, to %s or %q: %d, want %d", tt.request, tt.to, tt.device, got, tt.want)
		}
	}
}
