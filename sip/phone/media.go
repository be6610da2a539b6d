package phone

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// Media is the end of a call where offers and answers are made (RFC 3264); *rtp.Session is one. A Call asks it one thing at a time. Errors
// that are a Refuser say how the peer is refused; others become a 488.
type Media interface {
	// Offer is asked for when we speak first: of an INVITE of ours, of the 2xx to an INVITE without an offer. It
	// offers to send and receive.
	Offer() ([]byte, error)
	// Answer answers an offer of the peer: of his INVITE, re-INVITE, UPDATE or PRACK.
	Answer(offer []byte) ([]byte, error)
	// Accept takes the peer's answer to our offer. It comes again when another fork answers.
	Accept(answer []byte) error
	// Withdraw takes back an offer that the peer refused.
	Withdraw()
	// Info takes the body of an INFO request, as digits come from some phones. Its error says that the type is
	// none that is known.
	Info(contentType string, body []byte) error
	// Lost is closed when media stopped coming; the call then ends. Nil: nobody watches.
	Lost() <-chan struct{}
}

// Refuser is an error of Media that knows how the peer is refused.
type Refuser interface {
	error
	// Refuse is the status code, and the code and text of a Warning header, 0 for none (RFC 3261 §20.43).
	Refuse() (statusCode, warnCode int, text string)
}

const sdpType = "application/sdp"

// What can be wrong with a body.
var (
	errBodyType     = errors.New("phone: a body of another type than SDP")
	errBodyEncoding = errors.New("phone: an encoded body")
	errBody         = errors.New("phone: malformed body")
)

// description is the SDP in a message, nil when there is none. Carriers send it beside other parts
// (RFC 5621 §3.1).
func description(m sip.Message) ([]byte, error) {
	body := m.Body()
	if len(body) == 0 {
		return nil, nil
	}
	if e := firstValue(m, "Content-Encoding", "e"); e != "" && !strings.EqualFold(e, "identity") {
		return nil, errBodyEncoding
	}
	kind, params, err := mime.ParseMediaType(firstValue(m, "Content-Type", "c"))
	disposition := firstValue(m, "Content-Disposition")
	switch {
	case err == nil && kind == sdpType:
		return body, nil
	case strings.Contains(strings.ToLower(disposition), "handling=optional"): // RFC 3261 §20.11
		return nil, nil
	case err != nil || kind != "multipart/mixed" && kind != "multipart/alternative":
		return nil, errBodyType
	}
	parts := multipart.NewReader(bytes.NewReader(body), params["boundary"])
	for range 8 { // parts
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, errBody
		}
		kind, _, err := mime.ParseMediaType(part.Header.Get("Content-Type"))
		if err != nil || kind != sdpType {
			continue
		}
		b, err := io.ReadAll(io.LimitReader(part, maxInbound))
		if err != nil {
			return nil, errBody
		}
		return b, nil
	}
	return nil, errBodyType
}

// refusal is the response that an error of Media asks for.
func refusal(err error) Response {
	var r Refuser
	if !errors.As(err, &r) {
		return Response{StatusCode: sip.StatusNotAcceptableHere}
	}
	code, warnCode, text := r.Refuse()
	res := Response{StatusCode: code}
	if warnCode != 0 {
		res.Header = []Header{{"Warning", warning(warnCode, text)}}
	}
	return res
}
