package phone

import (
	"hash/fnv"
	"net/netip"
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// allowed is what we understand, for Allow (RFC 3261 §20.5).
func (p *Phone) allowed() string {
	if p.calls == nil {
		return "OPTIONS"
	}
	return "INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE, INFO, NOTIFY, REFER"
}

// refusals are the final responses to what we do not do. A dialog or subscription that somebody thinks
// we have is denied with 481, so that he stops: notifications left unanswered come again and again.
var refusals = map[sip.RequestMethod]struct {
	code   int
	reason string
}{
	sip.INVITE:    {sip.StatusForbidden, "This address takes no calls"},
	sip.BYE:       {sip.StatusCallTransactionDoesNotExists, "Call/Transaction Does Not Exist"},
	sip.CANCEL:    {sip.StatusCallTransactionDoesNotExists, "Call/Transaction Does Not Exist"},
	sip.PRACK:     {sip.StatusCallTransactionDoesNotExists, "Call/Transaction Does Not Exist"},
	sip.UPDATE:    {sip.StatusCallTransactionDoesNotExists, "Call/Transaction Does Not Exist"},
	sip.NOTIFY:    {sip.StatusCallTransactionDoesNotExists, "Subscription Does Not Exist"},
	sip.MESSAGE:   {sip.StatusMethodNotAllowed, "Method Not Allowed"},
	sip.SUBSCRIBE: {sip.StatusMethodNotAllowed, "Method Not Allowed"},
	sip.REGISTER:  {sip.StatusMethodNotAllowed, "Method Not Allowed"},
	sip.PUBLISH:   {sip.StatusMethodNotAllowed, "Method Not Allowed"},
	sip.REFER:     {sip.StatusMethodNotAllowed, "Method Not Allowed"},
	sip.INFO:      {sip.StatusMethodNotAllowed, "Method Not Allowed"},
}

// answer makes the final response to a request, or nil for one that gets none. It keeps nothing, and a
// request sent again gets the same response again (RFC 3261 §8.2.7).
func (p *Phone) answer(req *sip.Request) *sip.Response {
	if req.Method == sip.ACK {
		return nil
	}
	if !sound(req) {
		p.stats.malformed.Add(1)
		return nil
	}
	from, to, id := req.From(), req.To(), req.CallID()
	p.stats.answered.Add(1)
	code, reason := sip.StatusNotImplemented, "Not Implemented" // RFC 3261 §21.5.2
	refusal, known := refusals[req.Method]
	_, inDialog := to.Params.Get("tag")
	switch {
	case inDialog: // RFC 3261 §12.2.2: we have no dialog
		code, reason = sip.StatusCallTransactionDoesNotExists, "Call/Transaction Does Not Exist"
	case req.Method == sip.OPTIONS: // RFC 3261 §11.2
		code, reason = sip.StatusOK, "OK"
	case p.calls != nil && req.Method == sip.REFER: // only who has a call may ask for another
		code, reason = sip.StatusForbidden, "Forbidden"
	case known:
		code, reason = refusal.code, refusal.reason
	}

	source := req.Source()
	stampVia(req.Via(), source)
	if !inDialog {
		to.Params.Add("tag", p.tag(id.Value(), from.Address.String()))
	}
	res := sip.NewResponseFromRequest(req, code, reason, nil)
	for res.RemoveHeader("Record-Route") { // of no use without a dialog
	}
	res.AppendHeader(sip.NewHeader("Allow", p.allowed()))
	if p.calls != nil && code == sip.StatusOK {
		res.AppendHeader(sip.NewHeader("Accept", sdpType))
		res.AppendHeader(sip.NewHeader("Supported", strings.Join(supported, ", ")))
	}
	res.AppendHeader(sip.NewHeader("Server", p.o.UserAgent))
	return res
}

// sound says whether a request has what its response must repeat (RFC 3261 §8.1.1, §8.2.6.2). A
// malformed one is not worth a 400: its sender could not read it either.
func sound(req *sip.Request) bool {
	via, from, to, cseq := req.Via(), req.From(), req.To(), req.CSeq()
	return req.SipVersion == "SIP/2.0" && req.Method != "" && req.CallID() != nil &&
		cseq != nil && cseq.MethodName == req.Method &&
		via != nil && via.ProtocolName == "SIP" && via.ProtocolVersion == "2.0" && via.Host != "" &&
		from != nil && plain(from.Address) && to != nil && plain(to.Address)
}

// plain says whether a URI of From or To is one that peers of ours have.
func plain(u sip.Uri) bool {
	return (u.Scheme == "sip" || u.Scheme == "sips") && u.Host != "" && !u.Wildcard || u.Scheme == "tel"
}

// stampVia notes where the request came from (RFC 3261 §18.2.1, RFC 3581 §4).
func stampVia(via *sip.ViaHeader, source string) {
	src, err := netip.ParseAddrPort(source)
	if err != nil {
		return
	}
	if v, ok := via.Params.Get("rport"); ok && v == "" {
		via.Params.Add("rport", strconv.Itoa(int(src.Port())))
		via.Params.Add("received", src.Addr().String())
		return
	}
	if sentBy, ok := hostAddr(via.Host); !ok || sentBy != src.Addr() {
		via.Params.Add("received", src.Addr().String())
	}
}

// tag is a To tag that depends on nothing but the request and this process.
func (p *Phone) tag(parts ...string) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(p.cookie))
	for _, s := range parts {
		_, _ = h.Write([]byte(s))
		_, _ = h.Write([]byte{0})
	}
	return strconv.FormatUint(h.Sum64(), 36)
}
