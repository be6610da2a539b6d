package sip

import "bytes"

// Hold tells whether an SDP body puts the far end on hold: its first audio stream is sendonly or
// inactive (RFC 3264 §8.4), or connects to the unspecified address (RFC 2543 §B.5). What the stream does
// not say, the session says for it (RFC 8866 §5.7, §6.7). A stream that is refused with port 0 does
// not count (RFC 3264 §6). sdp is false when the body holds no SDP with an audio stream. In a multipart
// body the first SDP part is read.
func Hold(body []byte) (held, sdp bool) {
	if bytes.HasPrefix(body, []byte("--")) {
		part := bytes.Index(body, []byte("\nv=0"))
		if part < 0 {
			return false, false
		}
		body = body[part+1:]
	}
	if !bytes.HasPrefix(body, []byte("v=")) {
		return false, false
	}
	var session, audio stream
	at, inAudio := &session, false
	for len(body) > 0 {
		var line []byte
		line, body, _ = bytes.Cut(body, []byte("\n"))
		if len(line) < 2 || line[1] != '=' {
			continue
		}
		value := trimLWS(line[2:])
		switch line[0] {
		case 'm':
			if inAudio {
				return audio.held(session), true
			}
			at = nil
			if len(value) > 6 && string(value[:6]) == "audio " && value[6] != '0' {
				at, inAudio = &audio, true
			}
		case 'c':
			if at != nil {
				at.hasConnection = true
				at.null = bytes.HasSuffix(value, []byte(" 0.0.0.0")) || bytes.HasSuffix(value, []byte(" ::"))
			}
		case 'a':
			if d := parseDirection(value); at != nil && d != flowUnknown {
				at.flow = d
			}
		}
	}
	return inAudio && audio.held(session), inAudio
}

// stream is what one level of an SDP body says of where media go.
type stream struct {
	flow          flow
	hasConnection bool
	null          bool // it connects to the unspecified address
}

// flow is a direction attribute.
type flow uint8

const (
	flowUnknown flow = iota
	flowBoth
	flowOut
	flowIn
	flowNone
)

func (s stream) held(session stream) bool {
	if s.flow == flowUnknown {
		s.flow = session.flow
	}
	if !s.hasConnection {
		s.null = session.null
	}
	return s.null || s.flow == flowOut || s.flow == flowNone
}

// parseDirection reads a direction attribute (RFC 8866 §6.7).
func parseDirection(v []byte) flow {
	switch string(v) {
	case "sendrecv":
		return flowBoth
	case "sendonly":
		return flowOut
	case "recvonly":
		return flowIn
	case "inactive":
		return flowNone
	}
	return flowUnknown
}
