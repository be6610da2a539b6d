package asterisk_test

import (
	"context"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"ringback/cti"
	"ringback/cti/asterisk"
	"ringback/sip"
)

// needed are events that tell something, needless ones that do not, of an Asterisk with a queue.
var (
	ring     = "Event: Newchannel\r\nPrivilege: call,all\r\nChannel: PJSIP/trunk-00000001\r\nChannelStateDesc: Ring\r\nCallerIDNum: +358401234501\r\nExten: +35893100100\r\nUniqueid: 1.1"
	up       = "Event: Newstate\r\nPrivilege: call,all\r\nChannel: PJSIP/trunk-00000001\r\nChannelStateDesc: Up\r\nUniqueid: 1.1"
	hangup   = "Event: Hangup\r\nPrivilege: call,all\r\nChannel: PJSIP/trunk-00000001\r\nUniqueid: 1.1\r\nCause: 16"
	needed   = []string{ring, up, hangup}
	needless = []string{
		"Event: PeerStatus\r\nPrivilege: system,all\r\nPeer: PJSIP/101\r\nPeerStatus: Reachable",
		"Event: RTCPSent\r\nPrivilege: reporting,all\r\nChannel: PJSIP/trunk-00000001\r\nUniqueid: 1.1",
		"Event: VarSet\r\nPrivilege: dialplan,all\r\nChannel: PJSIP/trunk-00000001\r\nUniqueid: 1.1\r\nVariable: X\r\nValue: Event",
		"Event: DeviceStateChange\r\nPrivilege: call,all\r\nDevice: Queue:hotline\r\nState: RINGING",
		"Event: QueueMemberStatus\r\nPrivilege: agent,all\r\nQueue: hotline\r\nInterface: PJSIP/101",
		"Event: MusicOnHoldStart\r\nPrivilege: call,all\r\nChannel: PJSIP/trunk-00000001\r\nUniqueid: 1.1",
	}
)

// TestAMIFiltersAreAskedForAsDocumented has an Asterisk that heeds filters as one of today does, one that knows the
// older kind alone, and one whose user may set none. What is not needed does not come, or changes nothing.
func TestAMIFiltersAreAskedForAsDocumented(t *testing.T) {
	var stream []string
	for i, e := range needless {
		stream = append(stream, e)
		if i < len(needed) {
			stream = append(stream, needed[i])
		}
	}
	for name, c := range map[string]struct {
		takes  func(a asterisk.AMI) (pattern string, ok bool)
		events int
	}{
		"by criteria": {func(a asterisk.AMI) (string, bool) {
			name, ok := strings.CutPrefix(a["MatchCriteria"], "action(include),name(")
			return "^Event: " + strings.TrimSuffix(name, ")") + "\r\n", ok && strings.HasSuffix(name, ")") && a["Filter"] == ""
		}, len(needed)},
		// A regular expression that is looked for in the whole event: its $ is the end of that alone.
		"of the older kind": {func(a asterisk.AMI) (string, bool) { return a["Filter"], a["MatchCriteria"] == "" && a["Filter"] != "" }, len(needed)},
		"refused":           {func(asterisk.AMI) (string, bool) { return "", false }, len(stream)},
	} {
		t.Run(name, func(t *testing.T) {
			p, h := newPBX(t)
			f := newFakeAMI(t)
			var include []*regexp.Regexp
			f.filter = func(a asterisk.AMI) bool {
				pattern, ok := c.takes(a)
				if ok = ok && a["Operation"] == "Add"; ok {
					include = append(include, regexp.MustCompile(pattern))
				}
				return ok
			}
			f.passes = func(event string) bool {
				return len(include) == 0 || slices.ContainsFunc(include, func(r *regexp.Regexp) bool { return r.MatchString(event + "\r\n") })
			}
			go f.serve(t, stream)
			feed := newFeed("ami")
			serve(t, func(ctx context.Context) error {
				return p.ServeAMI(ctx, asterisk.AMIOptions{Address: f.Addr().String(), User: "ringback", Secret: secret, Feed: feed})
			})
			h.want(t, "198.51.100.50 > 10.20.0.10 INVITE sip:+35893100100@10.20.0.10 SIP/2.0", "10.20.0.10 > 198.51.100.50 SIP/2.0 200 OK")
			// One that came with the login counts too.
			waitFor(t, func() bool { return feed.Health().Events >= uint64(c.events) })
			if got := feed.Health(); got.State != cti.Up || got.Events > uint64(c.events)+1 || got.Refused != 0 {
				t.Errorf("%+v, want %d events", got, c.events)
			}
			logins, all := f.did("Login")
			if len(logins) != 1 || logins[0]["AuthType"] != "MD5" || logins[0]["Events"] != "on" || logins[0]["Username"] != "ringback" || logins[0]["Secret"] != "" {
				t.Errorf("the login was %v", logins)
			}
			if len(all) < 3 || all[0] != "Challenge" || all[1] != "Login" || all[2] != "Filter" || slices.Index(all, "CoreShowChannels") < slices.Index(all, "Filter") {
				t.Errorf("it asked for %v", all)
			}
		})
	}
}

// began is a sink that hears when calls began.
type began chan time.Time

func (x began) Message(m cti.Told) {
	if strings.HasPrefix(string(m.Text), "INVITE ") {
		x <- m.At
	}
}
func (began) Link(time.Time, string, string) {}
func (began) Fact(sip.Fact)                  {}

// TestAChannelThatAMIListsBeganWhenItSays connects while a caller waits: he did not just begin to.
func TestAChannelThatAMIListsBeganWhenItSays(t *testing.T) {
	for says, want := range map[string]time.Duration{"00:01:30": 90 * time.Second, "27:00:01": 27*time.Hour + time.Second, "": 0, "never": 0, "-1:00:00": 0, "99999999:0:0": 0} {
		site, err := cti.NewSite(plan, "pbx", nil)
		if err != nil {
			t.Fatal(err)
		}
		h := make(began, 10)
		p := asterisk.NewPBX(asterisk.Options{Site: site, Sink: h}, func(time.Time) {}, slog.New(slog.DiscardHandler))
		f := newFakeAMI(t)
		f.channels = []string{strings.Replace(strings.TrimPrefix(ring, "Event: Newchannel\r\n"), "Privilege: call,all", "Duration: "+says, 1)}
		go f.serve(t, []string{})
		serve(t, func(ctx context.Context) error {
			return p.ServeAMI(ctx, asterisk.AMIOptions{Address: f.Addr().String(), User: "ringback", Secret: secret, Feed: newFeed("ami")})
		})
		select {
		case at := <-h:
			if off := time.Since(at) - want; off < -time.Second || off > 20*time.Second {
				t.Errorf("%q: it began %s ago", says, time.Since(at))
			}
		case <-time.After(10 * time.Second):
			t.Errorf("%q: nobody rang", says)
		}
	}
}
