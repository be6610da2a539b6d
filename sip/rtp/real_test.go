package rtp_test

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"ringback/sip/phone"
	"ringback/sip/rtp"
)

// conversation is what came of a call with a real phone.
type conversation struct {
	media     rtp.Media
	digits    string
	recording rtp.Recording
	stats     rtp.Stats
}

const baresipConfig = `sip_listen 127.0.0.1:0
net_interface 127.0.0.1
audio_player aubridge,heard
audio_source aufile,%[1]s/said.wav
module_path /usr/lib/baresip/modules
module g711.so
module aufile.so
module aubridge.so
module sndfile.so
snd_path %[1]s
module auconv.so
module auresamp.so
module srtp.so
module stdio.so
module_tmp account.so
module_app menu.so
`

// A real phone calls: it hears our tone, we record its tone and understand its keys, in the clear and encrypted.
func TestRealPhone(t *testing.T) {
	if _, err := exec.LookPath("baresip"); err != nil {
		t.Skip("baresip is not installed; apt-get install --no-install-recommends baresip-core")
	}
	for _, tt := range []struct {
		name, account string
		codec         rtp.Codec
		encrypted     bool
	}{
		{"A-law", ";audio_codecs=PCMA/8000/1", rtp.PCMA, false},
		{"µ-law, encrypted", ";audio_codecs=PCMU/8000/1;mediaenc=srtp-mand", rtp.PCMU, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			for name, text := range map[string]string{
				"config":   fmt.Sprintf(baresipConfig, dir),
				"accounts": "<sip:alice@127.0.0.1>;regint=0" + tt.account + "\n",
				"contacts": "\n",
				"said.wav": string(rtp.Tone(30*time.Second, 1000).WAV()),
			} {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			var recorded bytes.Buffer
			c := talkWithBaresip(t, dir, &recorded)
			if c.media.Codec != tt.codec || c.media.SRTP != tt.encrypted || !c.media.Events {
				t.Errorf("%+v", c.media)
			}
			if c.digits != "15#" {
				t.Errorf("heard the keys %q", c.digits)
			}
			if c.recording.End != rtp.EndContext || c.stats.Lost != 0 {
				t.Errorf("%+v %+v", c.recording, c.stats)
			}
			said := decode(recorded.Bytes())
			if len(said) < 3*rtp.SampleRate {
				t.Fatalf("%d samples were recorded", len(said))
			}
			if l := level(said[rtp.SampleRate:2*rtp.SampleRate], 1000); l < -10.5 || l > -9.5 {
				t.Errorf("the phone's tone of -10 dBm0 is recorded at %.2f", l)
			}
			names, err := filepath.Glob(filepath.Join(dir, "*-dec.wav")) // what it decoded
			if err != nil || len(names) != 1 {
				t.Fatalf("the phone kept %v of what it heard: %v", names, err)
			}
			file, err := os.Open(names[0])
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			heard, err := rtp.LoadClip(file)
			if err != nil {
				t.Fatal(err)
			}
			loudest := -100.0
			for sound := heard.Samples(); len(sound) > rtp.SampleRate/4; sound = sound[rtp.SampleRate/4:] {
				loudest = max(loudest, level(sound[:rtp.SampleRate/4], 700))
			}
			if loudest < -10.5 || loudest > -9.5 {
				t.Errorf("the phone hears our tone of -10 dBm0 at %.2f at most", loudest)
			}
		})
	}
}

// talkWithBaresip has baresip call, plays it a tone, records it while it presses 1, 5 and #, and hangs up.
func talkWithBaresip(t *testing.T, dir string, recorded *bytes.Buffer) (talk conversation) {
	t.Helper()
	h := host(t, 32100)
	keys := make(chan byte)
	over := make(chan struct{})
	e, err := phone.NewEndpoint(phone.EndpointOptions{
		Options: phone.Options{ListenUDP: []string{"127.0.0.1:0"}},
		Peers:   []netip.Prefix{netip.PrefixFrom(loopback, 8)},
		Incoming: func(c *phone.Call) {
			defer close(over)
			s := session(t, h, rtp.SessionOptions{})
			if err := c.Answer(t.Context(), s); err != nil {
				t.Error(err)
				return
			}
			talk.media = s.Media()
			ctx, stop := context.WithCancel(t.Context())
			var recording sync.WaitGroup
			recording.Go(func() {
				var err error
				if talk.recording, err = s.Record(ctx, recorded, rtp.RecordOptions{}); err != nil {
					t.Error(err)
				}
			})
			if err := s.Play(t.Context(), rtp.Prompt{Clips: []*rtp.Clip{rtp.Tone(3*time.Second, 700)}}); err != nil {
				t.Error(err)
			}
			for _, key := range []byte("15#") {
				keys <- key
				select {
				case d := <-s.Digits():
					talk.digits += string(d.Symbol)
				case <-c.Done():
				}
			}
			stop()
			recording.Wait()
			talk.stats = s.Stats()
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}()
	cmd := exec.CommandContext(t.Context(), "baresip", "-f", dir, "-e", "/dial sip:ringback@"+e.Addrs()[0].String())
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	in, err := cmd.StdinPipe() // baresip ends without one
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	limit := time.After(time.Minute)
	for waiting := true; waiting; {
		select {
		case key := <-keys:
			if _, err := in.Write([]byte{key}); err != nil {
				t.Error(err)
			}
		case <-over:
			waiting = false
		case <-limit:
			t.Error("no call, or no keys, for a minute")
			waiting = false
		}
	}
	_ = cmd.Process.Signal(syscall.SIGTERM)
	_ = in.Close()
	_ = cmd.Wait()
	if t.Failed() {
		t.Logf("baresip printed:\n%s", &out)
	}
	return talk
}
