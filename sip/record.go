package sip

import (
	"encoding/binary"
	"net/netip"
)

// recordWriter writes a record: numbers as varints, texts with their length, times relative to the
// call's start.
type recordWriter struct{ b []byte }

func (w *recordWriter) uint(v uint64)  { w.b = binary.AppendUvarint(w.b, v) }
func (w *recordWriter) int(v int64)    { w.b = binary.AppendVarint(w.b, v) }
func (w *recordWriter) fixed(v uint64) { w.b = binary.LittleEndian.AppendUint64(w.b, v) }
func (w *recordWriter) text(s string)  { w.uint(uint64(len(s))); w.b = append(w.b, s...) }
func (w *recordWriter) time(v, s int64) {
	if v == 0 {
		w.uint(0)
		return
	}
	w.uint(1)
	w.int(v - s)
}

func (w *recordWriter) agent(a *agent) {
	if a == nil {
		w.text("")
		return
	}
	w.text(a.id)
}

// recordReader reads one; bad once what it reads makes no sense.
type recordReader struct {
	b   []byte
	bad bool
}

func (r *recordReader) uint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.bad = true
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *recordReader) int() int64 {
	v, n := binary.Varint(r.b)
	if n <= 0 {
		r.bad = true
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *recordReader) fixed() uint64 {
	if len(r.b) < 8 {
		r.bad = true
		return 0
	}
	v := binary.LittleEndian.Uint64(r.b)
	r.b = r.b[8:]
	return v
}

func (r *recordReader) text() string {
	n := r.uint()
	if n > uint64(len(r.b)) {
		r.bad = true
		return ""
	}
	s := string(r.b[:n])
	r.b = r.b[n:]
	return s
}

func (r *recordReader) time(s int64) int64 {
	if r.uint() == 0 {
		return 0
	}
	return s + r.int()
}

func (t *Tracker) encodeBinding(b *binding) []byte {
	w := &recordWriter{b: append(t.record[:0], snapshotVersion)}
	w.text(b.user)
	w.text(b.host)
	w.text(b.contact)
	w.text(addrText(b.addr))
	w.text(addrText(b.source))
	w.int(b.expires)
	t.record = w.b
	return w.b
}

func addrText(a netip.AddrPort) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

func (t *Tracker) restoreBinding(key string, r *recordReader) error {
	b := binding{user: r.text(), host: r.text(), contact: r.text()}
	addr, source := r.text(), r.text()
	b.expires = r.int()
	if r.bad || len(r.b) > 0 || key == "" {
		return ErrSnapshot
	}
	if len(t.bindings) >= t.opt.MaxBindings {
		t.stats.BindingsRefused++
		return nil
	}
	b.addr, _ = netip.ParseAddrPort(addr) // empty where the contact named no address
	b.source, _ = netip.ParseAddrPort(source)
	b.agent, b.endpoint = t.registrant(b.user, b.host)
	t.unbind(key)
	t.keep(key, &b)
	return nil
}
