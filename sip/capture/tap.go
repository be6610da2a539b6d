package capture

import (
	"errors"
	"log/slog"

	"ringback/sip/hep"
)

// Errors of OpenTap and Serve.
var (
	ErrNotSupported = errors.New("capture: listening on an interface is supported on Linux only")
	ErrPermission   = errors.New("capture: listening on an interface needs the capability CAP_NET_RAW: " +
		"set AmbientCapabilities=CAP_NET_RAW in the service's unit, or run setcap cap_net_raw+ep on the binary")
	ErrNoHandler = errors.New("capture: no handler")
	ErrServed    = errors.New("capture: Serve was called before")
)

// TapOptions say what to listen to. Only Handler is required.
type TapOptions struct {
	Interface   string      // to listen on; empty is all of them
	Ports       []uint16    // of SIP over UDP and TCP; default 5060 and 5061
	Promiscuous bool        // take frames for other machines too, for a mirror port; needs an Interface
	Handler     hep.Handler // gets the packets, with the time the kernel saw them as Time and Arrival

	// OnEncrypted is called for every TLS record, from the goroutine of Serve.
	OnEncrypted func(Encrypted)

	Buffer int          // of the kernel's ring, in bytes; default 32 MiB
	Logger *slog.Logger // default slog.Default
}

const defaultTapBuffer = 32 << 20

// withDefaults returns o with every unset option at its default.
func (o TapOptions) withDefaults() (TapOptions, error) {
	if o.Handler == nil {
		return o, ErrNoHandler
	}
	if o.Promiscuous && o.Interface == "" {
		return o, errors.New("capture: promiscuous listening needs the name of an interface")
	}
	if len(o.Ports) == 0 {
		o.Ports = []uint16{5060, 5061}
	}
	if o.Buffer <= 0 {
		o.Buffer = defaultTapBuffer
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return o, nil
}

// maxBatch is how many packets a Handler gets at once at most.
const maxBatch = 128

// batcher collects the packets of a Tap for its Handler.
type batcher struct {
	d       *dissector
	batch   []hep.Received
	handler hep.Handler
}

func newBatcher(o TapOptions) *batcher {
	b := &batcher{d: newDissector(), batch: make([]hep.Received, maxBatch)[:0], handler: o.Handler}
	b.d.encrypted = o.OnEncrypted
	return b
}

// next is the place of the next packet in the batch.
func (b *batcher) next() *hep.Received {
	return &b.batch[:len(b.batch)+1][len(b.batch)]
}

// add takes the packet put in that place. One in the dissector's memory is delivered at once, for
// the next would overwrite it.
func (b *batcher) add() {
	b.batch = b.batch[:len(b.batch)+1]
	if b.d.volatile || len(b.batch) == cap(b.batch) {
		b.flush()
	}
}

// drain adds what the dissector holds ready.
func (b *batcher) drain() {
	for b.d.more(b.next()) {
		b.add()
	}
}

// flush hands the batch on.
func (b *batcher) flush() {
	if len(b.batch) > 0 {
		b.handler(b.batch)
		b.batch = b.batch[:0]
	}
}
