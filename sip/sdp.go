package sip

import "bytes"

// Hold tells whether an SDP body puts the far end on hold: its first audio stream is sendonly or
// inactive (RFC 3264 §8.4), or connects to 0.0.0.0 (RFC 2543 §B.5). What the stream does not say, the
// session level says for it (RFC 8866 §5.7, §6.7). sdp is false when the body is no SDP with an audio stream;
// a stream refused with port 0 is no audio stream.
func Hold(body []byte) (held, sdp bool) {
	if len(body) < 2 || body[0] != 'v' || body[1] != '=' {
		return false, false
	}
	var direction, sessionDirection byte // first letter of "inactive"; 's' sendonly, 'r' recvonly, 'b' sendrecv
	var null, sessionNull bool
	var connection bool // the stream has a c= line of its own
	const session, skipped, audio = 0, 1, 2
	part := session
	for len(body) > 0 {
		line := body
		if nl := bytes.IndexByte(body, '\n'); nl >= 0 {
			line, body = body[:nl], body[nl+1:]
		} else {
			body = nil
		}
		if len(line) > 0 && line[len(line)-1] == '\r' {
			line = line[:len(line)-1]
		}
		if len(line) < 2 || line[1] != '=' {
			continue
		}
		value := line[2:]
		switch line[0] {
		case 'm':
			if part == audio {
				body = nil
				break
			}
			part = skipped
			if len(value) > 6 && string(value[:6]) == "audio " && value[6] != '0' {
				part = audio
			}
		case 'c':
			isNull := bytes.HasSuffix(value, []byte(" 0.0.0.0"))
			switch part {
			case session:
				sessionNull = isNull
			case audio:
				null, connection = isNull, true
			}
		case 'a':
			d := parseDirection(value)
			if d == 0 {
				break
			}
			switch part {
			case session:
				sessionDirection = d
			case audio:
				direction = d
			}
		}
	}
	if part == session || part == skipped {
		return false, false
	}
	if !connection {
		null = sessionNull
	}
	if direction == 0 {
		direction = sessionDirection
	}
	return null || direction == 's' || direction == 'i', true
}

// parseDirection reads a direction attribute (RFC 8866 §6.7), 0 when it is another one.
func parseDirection(v []byte) byte {
	switch string(v) {
	case "sendonly":
		return 's'
	case "inactive":
		return 'i'
	case "recvonly":
		return 'r'
	case "sendrecv":
		return 'b'
	}
	return 0
}
