// Package dialer makes callback calls: it rings an agent's device, says whom he will be connected with, and when he takes
// it calls the customer, who sees the service's number, and joins the two.
//
// It is for the daemon, which gives it sip/phone's endpoint and sip/rtp's ports, and for the API (package
// cases/callback has the words). Who may be called is cases/maycall's to say; the dialler asks when a call is wanted and
// again at the moment of dialling, in the same breath in which the case notes the attempt, and only for the
// version of the case that it asked about. So of a claim there is one call at the most.
//
// What became of a call is not written to the case here. The customer's leg is told to the watch, as a leg that
// the agent dialled, before its first request leaves; where a mirror shows it as well it is the same leg. Auto-close,
// attempt, hint and journey follow by the rules that hold for every call of an agent.
//
// Media go through this machine (rtp.Join), so that nothing is asked of the PBX but two calls. At a PBX that is to
// join the two itself the agent's device is referred to the customer instead (RFC 3515).
package dialer
