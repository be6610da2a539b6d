package sip_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ringback/sip"
)

// The torture messages of RFC 4475, byte for byte, and what the scanner makes of each. A message is
// accepted when it says clearly what it is and to which dialog it belongs, whatever an element that
// must answer it is told to reject it for: the watched PBX may have accepted it, and if not, its
// refusal is the next message. want holds what a reader of the message expects, as summary writes
// it; it holds the reason instead where the message is refused.
var torture = []struct {
	section, name string
	want          string
	why           string
}{
	{
		"3.1.1.1", "wsinv",
		`INVITE sip:vivekg@chair-dnrc.example.com;unknownparam cseq=9 call-id=wsinv.ndaksdj@192.0.2.1 ` +
			`from=jdrosen@example.com "J Rosenberg \\\"" tag=98asjd8 to=vivekg@chair-dnrc.example.com tag=1918181833n ` +
			`via=192.0.2.2 branch=390skdjuw vias=3 contact=jdrosen@example.com type=application/sdp body=150`,
		"folding, white space and odd case everywhere",
	},
	{
		"3.1.1.2", "intmeth",
		`OTHER sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com cseq=139122385 ` +
			`call-id=intmeth.word%ZK-!.*_+'@word` + "`" + `~)(><:\/"][?}{ from=mundane@example.com "token1~` + "`" + ` token2'+_ token3*%!.-" tag=_token~1'+` + "`" + `*%!-. ` +
			`to=1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*@example.com "BEL:\` + "\x07" + ` NUL:\` + "\x00" + ` DEL:\` + "\x7f" + `" ` +
			`via=host1.example.com branch=z9hG4bK-.!%66*_+` + "`" + `'~ vias=1`,
		"every character that is allowed; the method and the password are the caller's affair",
	},
	{
		"3.1.1.3", "esc01",
		`INVITE sip:sips%3Auser%40example.com@example.net cseq=234234 call-id=esc01.239409asdfakjkn23onasd0-3234 ` +
			`from=I%20have%20spaces@example.net tag=938 to=%75se%72@example.com via=host5.example.net branch=z9hG4bKkdjuw vias=1 ` +
			`contact=cal%6Cer@host5.example.net type=application/sdp body=150`,
		"escapes are left as they are, so the escaped @ ends no user part",
	},
	{
		"3.1.1.4", "escnull",
		`REGISTER sip:example.com cseq=14398234 call-id=escnull.39203ndfvkjdasfkq3w4otrq0adsfdfnavd ` +
			`from=null-%00-null@example.com tag=839923423 to=null-%00-null@example.com via=host5.example.com branch=z9hG4bKkdjuw vias=1 ` +
			`contact=%00@host5.example.com contact=%00%00@host5.example.com`,
		"escaped NULs differ by their number",
	},
	{
		"3.1.1.5", "esc02",
		`OTHER sip:registrar.example.com cseq=29344 call-id=esc02.asdfnqwo34rq23i34jrjasdcnl23nrlknsdf ` +
			`from=resource@example.com "%Z%45" tag=f232jadfj23 to=resource@example.com "%Z%45" ` +
			`via=host.example.com branch=z9hG4bK209%fzsnel234 vias=1 contact=alias1@host1.example.com contact=alias3@host3.example.com`,
		"% escapes neither in a method nor in a header name: no REGISTER, and two contacts",
	},
	{
		"3.1.1.6", "lwsdisp",
		`OPTIONS sip:user@example.com cseq=60 call-id=lwsdisp.1234abcd@funky.example.com from=caller@example.com "caller" tag=323 ` +
			`to=user@example.com via=funky.example.com branch=z9hG4bKkdjuw vias=1`,
		"no white space between display name and bracket",
	},
	{
		"3.1.1.7", "longreq",
		`INVITE sip:user@example.com cseq=3882340 call-id=longreq.one` + strings.Repeat("really", 20) + `longcallid ` +
			`from=` + strings.Repeat("amazinglylongcallername", 5) + `@example.net tag=12` + strings.Repeat("982", 50) + `424 ` +
			`to=user@example.com:6000 "I have a user name of ` + strings.Repeat("extreme", 10) + ` proportion" ` +
			`via=sip33.example.com vias=34 contact=` + strings.Repeat("amazinglylongcallername", 5) + `@host5.example.net type=application/sdp body=150`,
		"34 Vias in every spelling, and long values everywhere",
	},
	{
		"3.1.1.8", "dblreq",
		`REGISTER sip:example.com cseq=8 call-id=dblreq.0ha0isndaksdj99sdfafnl3lk233412 from=j.user@example.com tag=43251j3j324 ` +
			`to=j.user@example.com via=192.0.2.125 branch=z9hG4bKkdjuw23492 vias=1 contact=j.user@host.example.com rest=448`,
		"what follows is not of this message; in a datagram it is to be ignored, and the caller knows which it has",
	},
	{
		"3.1.1.9", "semiuri",
		`OPTIONS sip:user;par=u%40example.net@example.com cseq=8 call-id=semiuri.0ha0isndaksdj from=caller@example.org tag=33242 ` +
			`to=j_user@example.com via=192.0.2.1 branch=z9hG4bKkdjuw vias=1`,
		"the semicolon is of the user part",
	},
	{
		"3.1.1.10", "transports",
		`OPTIONS sip:user@example.com cseq=60 call-id=transports.kijh4akdnaqjkwendsasfdj from=caller@example.com tag=323 ` +
			`to=user@example.com via=t1.example.com branch=z9hG4bKkdjuw vias=5`,
		"Vias of known and unknown transports",
	},
	{
		"3.1.1.11", "mpart01",
		`MESSAGE sip:kumiko@example.org cseq=1 call-id=3d9485ad0c49859b@Zmx1ZmZ5LW1hYy0xNi5sb2NhbA.. from=fluffy@example.com tag=2fb0dcc9 ` +
			`to=kumiko@example.org via=127.0.0.1 branch=z9hG4bK-d87543-4dade06d0bdb11ee-1--d87543- vias=1 contact=fluffy@127.0.0.1:5070 ` +
			`type=multipart/mixed body=553`,
		"a binary body with line ends and NULs in it",
	},
	{
		"3.1.1.12", "unreason",
		`200 INVITE cseq=35 call-id=unreason.1234ksdfak3j2erwedfsASdf from=user@example.com tag=11141343 to=user@example.edu tag=2229 ` +
			`via=192.0.2.198 branch=z9hG4bK1324923 vias=1 contact=user@host198.example.com type=application/sdp body=154`,
		"a reason phrase in UTF-8 that looks like anything else",
	},
	{
		"3.1.1.13", "noreason",
		`100 INVITE cseq=35 call-id=noreason.asndj203insdf99223ndf from=user@example.com tag=39ansfi3 to=user@example.edu tag=902jndnke3 ` +
			`via=192.0.2.105 branch=z9hG4bK2398ndaoe vias=1 contact=user@host105.example.com`,
		"an empty reason phrase",
	},

	{
		"3.1.2.1", "badinv01",
		`INVITE sip:user@example.com cseq=8 call-id=badinv01.0ha0isndaksdjasdf3234nas from=caller@example.net tag=134161461246 ` +
			`to=j.user@example.com via=192.0.2.15 vias=2 contact=joe@example.org type=application/sdp body=152`,
		"superfluous separators change no meaning",
	},
	{
		"3.1.2.2", "clerr",
		`INVITE sip:user@example.com cseq=8 call-id=clerr.0ha0isndaksdjweiafasdk3 from=caller@example.net tag=93942939o2 ` +
			`to=j.user@example.com via=host5.example.com branch=z9hG4bK-39234-23523 vias=1 contact=caller@hungry.example.net ` +
			`type=application/sdp body=154 missing=9845`,
		"the headers are whole; a capture cut short looks the same",
	},
	{"3.1.2.3", "ncl", "bad_content_length", "where the message ends is anybody's guess"},
	{"3.1.2.4", "scalar02", "bad_cseq", "the number does not fit 32 bits, so no response can be told to be its own"},
	{"3.1.2.5", "scalarlg", "bad_cseq", "the same in a response"},
	{"3.1.2.6", "quotbal", "bad_to", "where the display name ends and the address starts is anybody's guess"},
	{
		"3.1.2.7", "ltgtruri",
		`INVITE sip:user@example.com cseq=1 call-id=ltgtruri.1@192.0.2.5 from=caller@example.net tag=39291 to=user@example.com ` +
			`via=192.0.2.5 vias=1 contact=caller@host5.example.net type=application/sdp body=159`,
		"the brackets can be taken off",
	},
	{
		"3.1.2.8", "lwsruri",
		`INVITE sip:user@example.com; lr cseq=2130706432 call-id=lwsruri.asdfasdoeoi2323-asdfwrn23-asd834rk423 from=caller@example.net tag=231413434 ` +
			`to=user@example.com tag=3xfe-9921883-z9f via=192.0.2.1 branch=z9hG4bKkdjuw2395 vias=1 contact=caller@host1.example.net type=application/sdp body=159`,
		"the version is the last word of the line, so the URI is all between",
	},
	{
		"3.1.2.9", "lwsstart",
		`INVITE sip:user@example.com cseq=1893884 call-id=lwsstart.dfknq234oi243099adsdfnawe3@example.com from=caller@example.net tag=8814 ` +
			`to=user@example.com via=host1.example.com branch=z9hG4bKkdjuw3923 vias=1 contact=caller@host1.example.net type=application/sdp body=150`,
		"two spaces do for one",
	},
	{
		"3.1.2.10", "trws",
		`OPTIONS sip:remote-target@example.com cseq=238923 call-id=trws.oicu34958239neffasdhr2345r from=local-resource@example.com tag=329429089 ` +
			`to=remote-target@example.com via=host1.examle.com branch=z9hG4bK299342093 vias=1`,
		"and trailing ones for none",
	},
	{
		"3.1.2.11", "escruri",
		`INVITE sip:user@example.com?Route=%3Csip:example.com%3E cseq=149209342 call-id=escruri.23940-asdfhj-aje3br-234q098w-fawerh2q-h4n5 ` +
			`from=caller@example.net tag=341518 to=user@example.com via=host-of-the-hour.example.com branch=z9hG4bKkdjuw vias=1 ` +
			`contact=caller@host39923.example.net type=application/sdp body=150`,
		"headers in a Request-URI are forbidden, and not ours to act on",
	},
	{
		"3.1.2.12", "baddate",
		`INVITE sip:user@example.com cseq=1392934 call-id=baddate.239423mnsadf3j23lj42--sedfnm234 from=caller@example.net tag=2234923 ` +
			`to=user@example.com via=host.example.com branch=z9hG4bKkdjuw vias=1 contact=caller@host5.example.net type=application/sdp body=150`,
		"Date is not read",
	},
	{
		"3.1.2.13", "regbadct",
		`REGISTER sip:example.com cseq=1 call-id=regbadct.k345asrl3fdbv@10.0.0.1 from=user@example.com tag=998332 to=user@example.com ` +
			`via=135.180.130.133 branch=z9hG4bKkdjuw vias=1 contact=user@example.com`,
		"the header is either the URI's or not; user and host are clear",
	},
	{
		"3.1.2.14", "badaspec",
		`OPTIONS sip:user@example.org cseq=3923239 call-id=badaspec.sdf0234n2nds0a099u23h3hnnw009cdkne3 from=a.g.bell@example.com "Bell, Alexander" tag=433423 ` +
			`to=t.watson@example.org "Watson, Thomas" via=host4.example.com branch=z9hG4bKkdju43234 vias=1`,
		"white space within the brackets can be taken off",
	},
	{
		"3.1.2.15", "baddn",
		`OPTIONS sip:t.watson@example.org cseq=3923239 call-id=baddn.31415@c.example.com from=a.g.bell@example.com "Bell, Alexander" tag=43 ` +
			`to=t.watson@example.org "Watson, Thomas" via=c.example.com branch=z9hG4bKkdjuw vias=1`,
		"the bracket shows where the address starts",
	},
	{"3.1.2.16", "badvers", "version", "what another version means is unknown (RFC 3261 §21.5.7)"},
	{"3.1.2.17", "mismatch01", "bad_cseq", "either an OPTIONS or an INVITE"},
	{"3.1.2.18", "mismatch02", "bad_cseq", "either a NEWMETHOD or an INVITE"},
	{"3.1.2.19", "bigcode", "status_code", "no class of response, although its low 32 bits would be 5"},

	{
		"3.2.1", "badbranch",
		`OPTIONS sip:user@example.com cseq=8 call-id=badbranch.sadonfo23i420jv0as0derf3j3n from=caller@example.org tag=33242 ` +
			`to=user@example.com via=192.0.2.1 branch=z9hG4bK vias=1`,
		"a branch with the cookie alone tells no transactions apart; Call-ID and CSeq do",
	},

	{"3.3.1", "insuf", "missing_call_id", "no Call-ID, From and To"},
	{
		"3.3.2", "unkscm",
		`OPTIONS nobodyKnowsThisScheme:totallyopaquecontent cseq=3923423 call-id=unkscm.nasdfasser0q239nwsdfasdkl34 from=caller@example.net tag=384 ` +
			`to=user@example.com via=host9.example.com branch=z9hG4bKkdjuw39234 vias=1`,
		"kept whole, not taken apart",
	},
	{
		"3.3.3", "novelsc",
		`OPTIONS soap.beep://192.0.2.103:3002 cseq=3923423 call-id=novelsc.asdfasser0q239nwsdfasdkl34 from=caller@example.net tag=384 ` +
			`to=user@example.com via=host9.example.com branch=z9hG4bKkdjuw39234 vias=1`,
		"the same",
	},
	{
		"3.3.4", "unksm2",
		`REGISTER sip:example.com cseq=234902 call-id=unksm2.daksdj@hyphenated-host.example.com from=(http://www.example.com) tag=3234233 ` +
			`to=(isbn:2983792873) via=192.0.2.21 branch=z9hG4bKkdjuw vias=1 contact=(name:John_Smith)`,
		"the same in header fields",
	},
	{
		"3.3.5", "bext01",
		`OPTIONS sip:user@example.com cseq=8 call-id=bext01.0ha0isndaksdj from=caller@example.net tag=242etr to=j_user@example.com ` +
			`via=fold-and-staple.example.com branch=z9hG4bKkdjuw vias=1`,
		"Require asks the PBX, not its watcher",
	},
	{
		"3.3.6", "invut",
		`INVITE sip:user@example.com cseq=235448 call-id=invut.0ha0isndaksdjadsfij34n23d from=caller@example.net tag=8392034 to=j.user@example.com ` +
			`via=somehost.example.com branch=z9hG4bKkdjuw vias=1 contact=caller@host5.example.net type=application/unknownformat body=40`,
		"the body is not ours to understand",
	},
	{
		"3.3.7", "regaut01",
		`REGISTER sip:example.com cseq=9338 call-id=regaut01.0ha0isndaksdj from=j.user@example.com tag=87321hj23128 to=j.user@example.com ` +
			`via=192.0.2.253 branch=z9hG4bKkdjuw vias=1 authorized`,
		"credentials of an unknown scheme are credentials",
	},
	{"3.3.8", "multi01", "duplicate", "two dialogs in one message"},
	{"3.3.9", "mcl01", "duplicate", "where the message ends is anybody's guess"},
	{
		"3.3.10", "bcast",
		`200 INVITE cseq=35 call-id=bcast.0384840201234ksdfak3j2erwedfsASdf from=user@example.com tag=11141343 to=user@example.edu tag=2229 ` +
			`via=192.0.2.198 branch=z9hG4bK1324923 vias=2 contact=user@host28.example.com type=application/sdp body=154`,
		"nobody is sent anything",
	},
	{
		"3.3.11", "zeromf",
		`OPTIONS sip:user@example.com cseq=39234321 call-id=zeromf.jfasdlfnm2o2l43r5u0asdfas from=caller@example.net tag=3ghsd41 to=user@example.com ` +
			`via=host1.example.com branch=z9hG4bKkdjuw2349i vias=1`,
		"nothing is forwarded",
	},
	{
		"3.3.12", "cparam01",
		`REGISTER sip:example.com cseq=2 call-id=cparam01.70710@saturn.example.com from=watson@example.com tag=DkfVgjkrtMwaerKKpe to=watson@example.com ` +
			`via=saturn.example.com branch=z9hG4bKkdjuw vias=1 contact=+19725552222@gw1.example.net`,
		"the parameter is the contact's",
	},
	{
		"3.3.13", "cparam02",
		`REGISTER sip:example.com cseq=3 call-id=cparam02.70710@saturn.example.com from=watson@example.com tag=838293 to=watson@example.com ` +
			`via=saturn.example.com branch=z9hG4bKkdjuw vias=1 contact=+19725552222@gw1.example.net`,
		"the parameter is the URI's",
	},
	{
		"3.3.14", "regescrt",
		`REGISTER sip:example.com cseq=14398234 call-id=regescrt.k345asrl3fdbv@192.0.2.1 from=user@example.com tag=8 to=user@example.com ` +
			`via=host5.example.com branch=z9hG4bKkdjuw vias=1 contact=user@example.com`,
		"a header in a contact's URI",
	},
	{
		"3.3.15", "sdp01",
		`INVITE sip:user@example.com cseq=8 call-id=sdp01.ndaksdj9342dasdd from=caller@example.net tag=234 to=j_user@example.com ` +
			`via=192.0.2.15 branch=z9hG4bKkdjuw vias=1 contact=caller@host15.example.net type=application/sdp body=150`,
		"Accept is not read",
	},

	{
		"3.4.1", "inv2543",
		`INVITE sip:UserB@example.com cseq=56 call-id=inv2543.1717@ift.client.example.com from=+13035551111@ift.client.example.net ` +
			`to=+16505552222@ss1.example.net via=iftgw.example.com vias=1 type=application/sdp body=105`,
		"neither branch nor tag nor Content-Length nor Max-Forwards, as RFC 2543 had it",
	},
}

func TestTortureMessages(t *testing.T) {
	files, err := filepath.Glob("testdata/rfc4475/*.dat")
	if err != nil || len(files) != 49 || len(torture) != 49 {
		t.Fatalf("%d messages and %d expectations of 49, %v", len(files), len(torture), err)
	}
	s := sip.NewScanner(nil)
	var m sip.Message
	for _, tt := range torture {
		b := tortureMessage(t, tt.name)
		n, err := s.Scan(b, &m)
		got := summary(&m, len(b)-n)
		if refused, ok := errors.AsType[*sip.ScanError](err); ok {
			got = refused.Reason.String()
		}
		if got != tt.want {
			t.Errorf("RFC 4475 §%s, %s (%s):\n%s", tt.section, tt.name, tt.why, cmp.Diff(tt.want, got))
		}
	}
}

// A datagram's message ends where Content-Length says, and what follows in a stream is read next.
func TestTortureMessageBehindAnother(t *testing.T) {
	b := tortureMessage(t, "dblreq")
	s := sip.NewScanner(nil)
	var m sip.Message
	n, err := s.Scan(b, &m)
	if err != nil {
		t.Fatal(err)
	}
	n2, err := s.Scan(b[n:], &m)
	if err != nil {
		t.Fatal(err)
	}
	// Its Content-Length is three bytes short of its body, as the address in it is longer.
	if got := string(m.CallID); got != "dblreq.0ha0isnda977644900765@192.0.2.15" || len(m.Body) != 150 || n+n2 != len(b)-3 {
		t.Errorf("%s, %d bytes of body, %d of %d bytes read", got, len(m.Body), n+n2, len(b))
	}
}

func tortureMessage(tb testing.TB, name string) []byte {
	tb.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "rfc4475", name+".dat"))
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

var methods = [...]string{
	sip.INVITE: "INVITE", sip.ACK: "ACK", sip.BYE: "BYE", sip.CANCEL: "CANCEL", sip.REGISTER: "REGISTER", sip.OPTIONS: "OPTIONS",
	sip.PRACK: "PRACK", sip.SUBSCRIBE: "SUBSCRIBE", sip.NOTIFY: "NOTIFY", sip.PUBLISH: "PUBLISH", sip.INFO: "INFO",
	sip.REFER: "REFER", sip.MESSAGE: "MESSAGE", sip.UPDATE: "UPDATE", sip.MethodOther: "OTHER",
}

// summary writes the fields most messages have in one line.
func summary(m *sip.Message, rest int) string {
	var s strings.Builder
	if m.Request {
		fmt.Fprintf(&s, "%s %s", methods[m.Method], m.RequestURI.Raw)
	} else {
		fmt.Fprintf(&s, "%d %s", m.StatusCode, methods[m.Method])
	}
	fmt.Fprintf(&s, " cseq=%d call-id=%s from=%s to=%s via=%s", m.CSeq, m.CallID, address(m.From), address(m.To), m.SentBy)
	if len(m.Branch) > 0 {
		fmt.Fprintf(&s, " branch=%s", m.Branch)
	}
	fmt.Fprintf(&s, " vias=%d", m.Vias)
	for _, c := range m.Contacts[:m.NumContacts] {
		fmt.Fprintf(&s, " contact=%s", address(sip.Address{URI: c.URI}))
	}
	if m.ContactStar {
		s.WriteString(" contact=*")
	}
	if m.Authorized {
		s.WriteString(" authorized")
	}
	if len(m.ContentType) > 0 {
		fmt.Fprintf(&s, " type=%s", m.ContentType)
	}
	for _, f := range []struct {
		name string
		n    int
	}{{"body", len(m.Body)}, {"missing", int(m.Missing)}, {"rest", rest}} {
		if f.n != 0 {
			fmt.Fprintf(&s, " %s=%d", f.name, f.n)
		}
	}
	return s.String()
}

func address(a sip.Address) string {
	s := string(a.URI.Host)
	if len(a.URI.User) > 0 {
		s = string(a.URI.User) + "@" + s
	}
	if len(a.URI.Host) == 0 {
		s = "(" + string(a.URI.Raw) + ")"
	}
	if a.URI.Port != 0 {
		s += fmt.Sprintf(":%d", a.URI.Port)
	}
	if a.Name != nil {
		s += ` "` + string(a.Name) + `"`
	}
	if a.Tag != nil {
		s += " tag=" + string(a.Tag)
	}
	return s
}
