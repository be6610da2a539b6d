package sip_test

import (
	"strings"
	"testing"

	"ringback/sip"
)

func TestHold(t *testing.T) {
	const session = "v=0\no=- 1 1 IN IP4 198.51.100.50\ns=-\nc=IN IP4 198.51.100.50\nt=0 0\n"
	const null = "v=0\no=- 1 1 IN IP4 198.51.100.50\ns=-\nc=IN IP4 0.0.0.0\nt=0 0\n"
	tests := []struct {
		name, body string
		held, sdp  bool
	}{
		{"no direction", session + "m=audio 30000 RTP/AVP 8\n", false, true},
		{"sendrecv", session + "m=audio 30000 RTP/AVP 8\na=sendrecv\n", false, true},
		{"sendonly", session + "m=audio 30000 RTP/AVP 8\na=ptime:20\na=sendonly\n", true, true},
		{"inactive", session + "m=audio 30000 RTP/AVP 8\na=inactive\n", true, true},
		{"recvonly is the answer to a hold", session + "m=audio 30000 RTP/AVP 8\na=recvonly\n", false, true},
		{"sendonly of the session", session + "a=sendonly\nm=audio 30000 RTP/AVP 8\n", true, true},
		{"the stream overrules the session", session + "a=sendonly\nm=audio 30000 RTP/AVP 8\na=sendrecv\n", false, true},
		{"the session's null address", null + "m=audio 30000 RTP/AVP 8\na=sendrecv\n", true, true},
		{"the stream's null address", session + "m=audio 30000 RTP/AVP 8\nc=IN IP4 0.0.0.0\n", true, true},
		{"the stream's address overrules the session's", null + "m=audio 30000 RTP/AVP 8\nc=IN IP4 198.51.100.50\n", false, true},
		{"the null address of IPv6", session + "m=audio 30000 RTP/AVP 8\nc=IN IP6 ::\n", true, true},
		{"an address that ends alike", session + "m=audio 30000 RTP/AVP 8\nc=IN IP4 10.0.0.0\n", false, true},
		{"another stream is held", session + "m=audio 30000 RTP/AVP 8\nm=video 30002 RTP/AVP 31\na=inactive\nc=IN IP4 0.0.0.0\n", false, true},
		{"video comes first", session + "m=video 30002 RTP/AVP 31\na=sendrecv\nm=audio 30000 RTP/AVP 8\na=sendonly\n", true, true},
		{"the first audio stream is refused", session + "m=audio 0 RTP/AVP 8\na=inactive\nm=audio 30000 RTP/AVP 8\na=sendrecv\n", false, true},
		{"a second audio stream is held", session + "m=audio 30000 RTP/AVP 8\na=sendrecv\nm=audio 30002 RTP/AVP 8\na=inactive\n", false, true},
		{"attributes that only start alike", session + "m=audio 30000 RTP/AVP 8\na=sendonly:1\na=inactive2\n", false, true},
		{"no audio", session + "m=image 30000 udptl t38\na=sendonly\n", false, false},
		{"no stream", session + "a=sendonly\n", false, false},
		{"multipart", "--x\nContent-Type: application/sdp\n\n" + session + "m=audio 30000 RTP/AVP 8\na=sendonly\n--x\nContent-Type: application/ISUP\n\n\x01\x00\n--x--\n", true, true},
		{"multipart without SDP", "--x\n\nv\n--x--\n", false, false},
		{"sipfrag", "SIP/2.0 200 OK\n", false, false},
		{"nothing", "", false, false},
		{"v=", "v=", false, false},
	}
	for _, tt := range tests {
		for _, end := range []string{"\n", "\r\n"} {
			body := []byte(strings.ReplaceAll(tt.body, "\n", end))
			if held, sdp := sip.Hold(body); held != tt.held || sdp != tt.sdp {
				t.Errorf("%s: held %v, SDP %v", tt.name, held, sdp)
			}
			if allocs := testing.AllocsPerRun(10, func() { sip.Hold(body) }); allocs != 0 {
				t.Errorf("%s: %v allocations", tt.name, allocs)
			}
		}
	}
}
