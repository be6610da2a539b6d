// Package daemon is Ringback as a process: it opens everything, wires it, watches over it, reloads and
// closes it. It is also the place to start reading. This is what happens to a message.
//
// A PBX sends a copy of each SIP message as a HEP3 packet. Package sip/hep reads packets in batches
// (sip/capture does from a file or an interface) and calls [watch.handle] on the reading goroutine: no
// channel stands between a packet and its parse. The watch turns the capture time into ours where a
// PBX's clock is wrong (clock.go), lets package sip scan the message without allocating, and hands it
// to the sip.Tracker. The tracker follows the dialog in the states of RFC 4235, ties the legs of a call
// together and, when the call is over, judges it: served, missed, dropped. Most messages change a
// state and nothing else. A few are events: a phone alerts, an agent answers, a verdict falls.
//
// Events go through one queue (queue.go), and one by one through the [flow]:
//
//   - package cases decides what the event means for the callbacks owed, and writes the case, its
//     indexes and the mark that this event was seen in one synced transaction of package store, shared
//     with whatever else wants to be written at that moment. Nobody is told before it is on the disk.
//   - package assist, told of the event and of the cases of its number, decides whether an agent gets,
//     keeps or loses a hint.
//   - what changed is told: metrics counts, web publishes it to the event streams, and
//     assist.Delivery sends the hint as a SIP MESSAGE to the agent's phone through sip/phone, or has its
//     Asterisk send it by AMI (hintways.go).
//
// A PBX may also tell of its calls by itself: by ARI and AMI (cti/asterisk), dialog events (sip/dialogevent and
// cti/dialogs) or HTTP (cti/hook). A model of each turns that into links, facts and told signalling (package
// cti); a [teller] hands these to the watch, a little later than the mirror's own, so that the tracker's rules
// are one set. How all feeds are stands in feeds.go, and check_pbx.go says what is wrong with one.
//
// Whoever must miss nothing, even while he is down, does not listen but reads: every change of a case is
// appended to a log in the transaction that makes it (store.ReadLog). Search and webhooks follow it
// (changes.go), each from the place it wrote down; package outbox keeps what webhooks have to be told,
// and web/webhook delivers it.
//
// Whether a customer may be called is asked in one place, cases/maycall, by whoever dials, schedules or shows the button:
// calling.go makes it, directory/calling keeps the numbers that are called or not. Scheduled calls become due in
// schedule.go; what became of each call is gathered in journeys.go and written by cases/journey.
//
// A replay ([Replay]) runs the same watch and the same flow over capture files, with a store in memory
// and a printer at the end, so that what it prints is what live would have done.
//
// Calls that Ringback itself takes come to sip/phone, with their sound in sip/rtp. Package daemon/line talks with callers
// who want to be called back (callback.go): what they ask for is a case at once, told like any other. What they say
// goes to files of package cases/voicemail, encrypted as it is recorded (voicemail.go). Package daemon/dialer calls
// customers by the agents' own telephones (dialling.go): callbacks wait in cases/queue for a device and for an agent who is free,
// to whom they are offered, and cases/callback says what a call came to.
//
// People look at all this through package web, whose REST API is the only way in and out for programs; the agents'
// app (web/app) is a client of it in the same process. Who is not looking is told by web push (web/push, pushes.go).
//
// Beside the flow run the timers of the watch (50 ms), the expiry of cases, and the write-behind of live
// calls (1 s), by which a restart finds them again; the time between is recorded as blind. The
// directory is the one thing all packages look things up in: it lives in the store, and [Daemon]
// hands each package its compiled view when it changes.
package daemon
