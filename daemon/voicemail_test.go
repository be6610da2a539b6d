package daemon_test

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"ringback/cases/voicemail"
	"ringback/configs"
	"ringback/sip/rtp"
	"ringback/web"
)

// voicemailCentre is a daemon on whose line messages can be left; what comes before the tone is short.
func voicemailCentre(t *testing.T, first int, change func(*configs.Config)) *centre {
	t.Helper()
	dir := t.TempDir()
	put(t, filepath.Join(dir, "short.wav"), string(rtp.Silence(100*time.Millisecond).WAV()))
	return lineCentre(t, first, func(c *configs.Config) {
		c.Voicemail.KeyFile = filepath.Join(dir, "messages.key")
		if _, err := voicemail.NewKey(c.Voicemail.KeyFile); err != nil {
			t.Fatal(err)
		}
		c.Line.Lists = []configs.LineList{{List: "callbacks", Greeting: filepath.Join(dir, "short.wav")}}
		c.Line.Numbers = append(c.Line.Numbers, configs.LineNumber{To: "voicemail", Service: "sales", Voicemail: true})
		if change != nil {
			change(c)
		}
	})
}

// recording waits until so many messages are being recorded.
func (x *centre) recording(n int) {
	x.t.Helper()
	x.await(fmt.Sprint(n, " messages are recorded"), func() bool { return len(x.messageFiles("*.part")) == n })
}

func (x *centre) messageFiles(pattern string) []string {
	x.t.Helper()
	files, err := filepath.Glob(filepath.Join(x.config.DataDir, "messages", pattern))
	if err != nil {
		x.t.Fatal(err)
	}
	return files
}

// said are the messages of the only case there is.
func (x *centre) said() (web.Case, []web.Message) {
	x.t.Helper()
	var page struct {
		Cases []web.Case `json:"cases"`
	}
	_, body := x.get("/v1/cases?state=open")
	if err := json.Unmarshal([]byte(body), &page); err != nil {
		x.t.Fatal(err)
	}
	if len(page.Cases) != 1 {
		return web.Case{}, nil
	}
	var all struct {
		Messages []web.Message `json:"messages"`
	}
	_, body = x.get("/v1/cases/" + page.Cases[0].ID + "/messages")
	if err := json.Unmarshal([]byte(body), &all); err != nil {
		x.t.Fatal(err)
	}
	return page.Cases[0], all.Messages
}

// received waits until that case has so many messages.
func (x *centre) received(n int) (c web.Case, all []web.Message) {
	x.t.Helper()
	x.await(fmt.Sprint(n, " messages are there"), func() bool { c, all = x.said(); return len(all) == n })
	return c, all
}

// leave has a caller choose to leave a message, and say a tone that is long enough for one.
func (x *centre) leave(c *caller, hertz float64) {
	x.t.Helper()
	c.press("3")
	x.recording(1)
	c.say(hertz, 3*time.Second)
}

// say says a tone of a message.
func (c *caller) say(hertz float64, d time.Duration) {
	c.t.Helper()
	if err := c.s.Play(c.t.Context(), rtp.Prompt{Clips: []*rtp.Clip{rtp.Tone(d, hertz)}}); err != nil {
		c.t.Error(err)
	}
}

// heard is how long a tone is heard in a WAV file, in windows of 20 ms.
func heard(wav []byte, hertz float64) time.Duration {
	const window = rtp.SampleRate / 50
	var found time.Duration
	for b := wav[min(44, len(wav)):]; len(b) >= 2*window; b = b[2*window:] {
		var re, im, all float64
		for i := range window {
			x := float64(int16(binary.LittleEndian.Uint16(b[2*i:])))
			at := 2 * math.Pi * hertz * float64(i) / rtp.SampleRate
			re, im, all = re+x*math.Cos(at), im+x*math.Sin(at), all+x*x
		}
		if all > 1e6 && 2*(re*re+im*im)/window > 0.8*all {
			found += 20 * time.Millisecond
		}
	}
	return found
}

func TestACallerLeavesAMessageThatIsHeard(t *testing.T) {
	t.Parallel()
	x, host := voicemailCentre(t, 32800, nil), soundHost(t, 32900)
	c := x.call(t, host, "callback", "+358401234567")
	x.leave(c, 440)
	c.hangUp()
	open, all := x.received(1)
	m := all[0]
	if open.Voicemail != "unheard" || open.Caller != "+358401234567" || open.Channel != "request" || m.Ended != "hangup" || m.Language != "en" || m.Seconds < 1.5 {
		t.Errorf("%+v\n%+v", open, m)
	}
	_, wav := x.get("/v1/messages/" + m.ID + "/audio")
	if int64(len(wav)) != m.Bytes {
		t.Errorf("%d bytes of %d", len(wav), m.Bytes)
	}
	if d := heard([]byte(wav), 440); d < 1500*time.Millisecond || d > 3100*time.Millisecond {
		t.Errorf("the tone is heard for %s", d)
	}
	if d := heard([]byte(wav), 700); d > 100*time.Millisecond {
		t.Errorf("another tone is heard for %s", d)
	}
	var parts strings.Builder
	for at := 0; at < len(wav); at += 9_999 {
		res, body := x.send(http.MethodGet, "/v1/messages/"+m.ID+"/audio", "", "Authorization", "Bearer "+token, "Range", fmt.Sprintf("bytes=%d-%d", at, at+9_998))
		if res.StatusCode != http.StatusPartialContent {
			t.Fatal(res.Status)
		}
		parts.WriteString(body)
	}
	if parts.String() != wav {
		t.Error("the parts are not the whole")
	}
	for _, file := range x.messageFiles("*") {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if d := heard(b, 440); d > 100*time.Millisecond || strings.Contains(string(b), "WAVE") {
			t.Errorf("%s is not encrypted", filepath.Base(file))
		}
	}
	if _, body := x.get("/metrics"); !strings.Contains(body, `ringback_voicemail_messages{heard="no"} 1`) {
		t.Error("the metrics do not count it")
	}

	// The second one is added to the case, also by who asked to be called first.
	c = x.call(t, host, "callback", "+358401234567")
	c.press("1")
	x.await("the request is counted", func() bool { open, _ := x.said(); return open.Requests == 2 })
	x.leave(c, 600) // in the midst of what it says
	c.press("#")
	open, all = x.received(2)
	c.hangUp()
	if open.Requests != 2 || all[1].Ended != "digit" {
		t.Errorf("%d requests, %+v", open.Requests, all[1])
	}
}

func TestAMessageEndsByItself(t *testing.T) {
	t.Parallel()
	x, host := voicemailCentre(t, 33000, func(c *configs.Config) { c.Voicemail.Limit, c.Voicemail.Silence = 5*time.Second, 5*time.Second }), soundHost(t, 33100)
	c := x.call(t, host, "voicemail", "+358401234567") // he is not asked what he wants
	x.recording(1)
	c.say(440, 8*time.Second)
	_, all := x.received(1) // its length ends it
	c.hangUp()
	if all[0].Ended != "max_length" || math.Abs(all[0].Seconds-5) > 1 {
		t.Errorf("%+v", all)
	}
}

func TestSilenceEndsAMessage(t *testing.T) {
	t.Parallel()
	x, host := voicemailCentre(t, 34000, func(c *configs.Config) { c.Voicemail.Silence = 2 * time.Second }), soundHost(t, 34100)
	c := x.call(t, host, "voicemail", "+358401234567")
	x.recording(1)
	c.say(440, 3*time.Second)
	_, all := x.received(1) // silence ends it
	c.hangUp()
	if all[0].Ended != "silence" {
		t.Errorf("%+v", all)
	}
}

func TestWhoSaysNothingLeavesNoMessage(t *testing.T) {
	t.Parallel()
	x, host := voicemailCentre(t, 33200, func(c *configs.Config) { c.Voicemail.Silence = 3 * time.Second }), soundHost(t, 33300)
	c := x.call(t, host, "callback", "+358401234567")
	c.press("3")
	x.recording(1)
	c.say(440, 300*time.Millisecond) // too little
	c.hangUp()
	x.recording(0)
	c = x.call(t, host, "callback", "") // withheld, and silent
	c.press("3")
	x.recording(1)
	x.recording(0)
	c.hangUp()
	x.await("nothing is left of them", func() bool { return len(x.messageFiles("*")) == 0 })
	if open := x.requests(); len(open) > 0 {
		t.Errorf("cases: %v", open)
	}
	// Who withholds his number has a case once he said something.
	c = x.call(t, host, "callback", "")
	x.leave(c, 440)
	c.hangUp()
	if open, _ := x.received(1); open.Number != "" {
		t.Errorf("%+v", open)
	}
}

func TestNobodyIsOfferedAMessageThatHasNoRoom(t *testing.T) {
	t.Parallel()
	x, host := voicemailCentre(t, 33400, func(c *configs.Config) { c.Voicemail.AtOnce, c.Voicemail.Silence = 1, 3*time.Minute }), soundHost(t, 33500)
	first := x.call(t, host, "voicemail", "+358401234567")
	x.recording(1)
	second := x.call(t, host, "voicemail", "+358409876543") // he is asked what he wants instead
	second.press("3")
	second.press("1")
	x.await("he asks to be called", func() bool { return slices.Equal(x.requests(), []string{"+358409876543 request 1"}) })
	second.hangUp()
	x.recording(1)
	first.hangUp()
}

func TestAMessageThatIsBeingLeftIsKeptWhenRingbackStops(t *testing.T) {
	t.Parallel()
	x, host := voicemailCentre(t, 33600, nil), soundHost(t, 33700)
	c := x.call(t, host, "callback", "+358401234567")
	x.leave(c, 440)
	if err := x.stop(); err != nil {
		t.Fatal(err)
	}
	again := run(t, x.config)
	_, all := again.said()
	if len(all) != 1 || all[0].Ended != "interrupted" {
		t.Fatalf("%+v", all)
	}
	_, wav := again.get("/v1/messages/" + all[0].ID + "/audio")
	if d := heard([]byte(wav), 440); d < 1200*time.Millisecond {
		t.Errorf("the tone is heard for %s", d)
	}
}

func TestWhoIsErasedTookHisMessagesAlong(t *testing.T) {
	t.Parallel()
	x, host := voicemailCentre(t, 33800, nil), soundHost(t, 33900)
	c := x.call(t, host, "callback", "+358401234567")
	x.leave(c, 440)
	c.hangUp()
	x.received(1)
	if status, body := x.post("/v1/erasures", `{"number":"+358401234567"}`); status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	if files := x.messageFiles("*"); len(files) > 0 {
		t.Errorf("files: %v", files)
	}
	if _, body := x.get("/v1/audit?action=message"); !strings.Contains(body, "message.erase") {
		t.Errorf("the trail: %s", body)
	}
	if _, body := x.get("/metrics"); !strings.Contains(body, `ringback_voicemail_messages{heard="no"} 0`) || !strings.Contains(body, "ringback_voicemail_bytes 0") {
		t.Error("the metrics still count it")
	}
}

// TestTheWatchKnowsWhoLeftAMessage shows the same call to the watch: its verdict goes to the case that the message made.
func TestTheWatchKnowsWhoLeftAMessage(t *testing.T) {
	t.Parallel()
	x, host := voicemailCentre(t, 34200, nil), soundHost(t, 34300)
	c := x.call(t, host, "callback", "+358401234567")
	m := &mirrored{
		t: t, feed: x.dial(), pbx: netip.MustParseAddrPort("127.0.0.1:5060"), peer: netip.MustParseAddrPort("192.0.2.7:5060"), id: c.ID(),
		from: "sip:+358401234567@192.0.2.7", to: "sip:+358931001@pbx",
	}
	m.message(false, "INVITE "+m.to+" SIP/2.0", "INVITE", "")
	m.message(true, "SIP/2.0 200 OK", "INVITE", ";tag=t")
	m.message(false, "ACK "+m.to+" SIP/2.0", "ACK", ";tag=t")
	x.await("the call is watched", func() bool { return x.Signalling().LiveCalls > 0 })
	x.leave(c, 440)
	c.hangUp()
	m.message(false, "BYE "+m.to+" SIP/2.0", "BYE", ";tag=t")
	x.await("the miss is counted at the case of the message", func() bool {
		open, all := x.said()
		return len(all) == 1 && open.MissedCount == 1 && open.Requests == 1 && open.Verdict == "missed" && open.Reason == "voicemail"
	})
}
