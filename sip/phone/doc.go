// Package phone is Ringback's own SIP user agent, on github.com/emiago/sipgo for parsing, transports and
// transactions, over UDP, TCP and TLS, IPv4 and IPv6, with digest authentication (RFC 3261 §22, RFC 8760).
//
// A Phone sends hints: out-of-dialog SIP MESSAGE requests (RFC 3428), one short line of text each, straight to a
// phone's contact or through the PBX as outbound proxy. It is for package assist, which decides who is told
// what and when to try again. It takes no calls and no messages, and never sends inside a dialog: a phone
// answers an unknown in-dialog NOTIFY with 481, and its PBX then hangs up on the customer.
//
// An Endpoint takes and makes calls, at one PBX or several, registered or as a trunk (RFC 3261 §10):
//
//	e, err := phone.NewEndpoint(phone.EndpointOptions{
//		Options:  phone.Options{ListenUDP: []string{":5070"}, Logger: log},
//		Accounts: []phone.Account{{Name: "main", URI: "sip:ringback@pbx.example.com", Register: true, PasswordFile: file}},
//		Incoming: func(c *phone.Call) { // lives as long as its call
//			_ = c.Ring(ctx)
//			if c.Answer(ctx, media) != nil {
//				return
//			}
//			<-c.Done() // c.End() says by whom and why
//		},
//	})
//	c, err := e.Dial(ctx, phone.DialOptions{To: "+358401234567", From: service, Media: media})
//	if r, ok := errors.AsType[*phone.Refused](err); ok { … r.StatusCode … }
//	err = c.Hangup(ctx)
//
// Of media it knows the interface Media alone, which *rtp.Session of sip/rtp is: SDP bodies go there and come from
// there (RFC 3264), and the bodies of INFO, so that digits come from Session.Digits whichever way they were sent. A
// Call answers by itself what the peer asks inside it: re-INVITE and UPDATE (RFC 3311), PRACK (RFC 3262),
// OPTIONS, BYE, and keeps the session timer (RFC 4028). Join connects the peers of two calls directly (RFC 3725),
// Call.Refer has the PBX do it (RFC 3515).
//
// # Who may call
//
// Calls are taken from the servers of the accounts and from Options.Peers. What comes from others, and what is no
// INVITE, is answered without keeping state (RFC 3261 §8.2.7): OPTIONS with 200, so that a PBX may qualify us,
// everything else with the refusal that fits. An address that sends more than its rate of calls is told 503, calls
// beyond the limit are told 486, both with Retry-After.
//
// # What it does not do
//
// It forwards nothing, follows no redirection (the PBX knows whom we may call), takes no REFER and no Replaces, and
// subscribes to nothing. Its dialogs are its own: sipgo's know one transaction at a time, and neither UPDATE, PRACK
// nor a challenge to a BYE.
package phone
