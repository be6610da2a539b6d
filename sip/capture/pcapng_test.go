package capture_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"ringback/sip/capture"
	"ringback/sip/hep"
)

// ng builds a pcapng file block by block.
type ng struct {
	order binary.AppendByteOrder
	b     []byte
}

func (n *ng) block(kind uint32, body []byte) *ng {
	body = append(body, make([]byte, -len(body)&3)...)
	n.b = n.order.AppendUint32(n.b, kind)
	n.b = n.order.AppendUint32(n.b, uint32(12+len(body)))
	n.b = append(n.b, body...)
	n.b = n.order.AppendUint32(n.b, uint32(12+len(body)))
	return n
}

func (n *ng) section() *ng {
	b := n.order.AppendUint32(nil, 0x1a2b3c4d)
	b = n.order.AppendUint16(b, 1)
	b = n.order.AppendUint16(b, 0)
	return n.block(0x0a0d0d0a, n.order.AppendUint64(b, ^uint64(0)))
}

// iface describes an interface with its options: pairs of code and value.
func (n *ng) iface(link uint16, options ...any) *ng {
	b := n.order.AppendUint16(nil, link)
	b = n.order.AppendUint16(b, 0)
	b = n.order.AppendUint32(b, 0)
	for i := 0; i < len(options); i += 2 {
		v := options[i+1].([]byte)
		b = n.order.AppendUint16(b, uint16(options[i].(int)))
		b = n.order.AppendUint16(b, uint16(len(v)))
		b = append(append(b, v...), make([]byte, -len(v)&3)...)
	}
	return n.block(1, b)
}

func (n *ng) packet(iface uint32, ticks uint64, data []byte) *ng {
	b := n.order.AppendUint32(nil, iface)
	b = n.order.AppendUint32(b, uint32(ticks>>32))
	b = n.order.AppendUint32(b, uint32(ticks))
	b = n.order.AppendUint32(b, uint32(len(data)))
	b = n.order.AppendUint32(b, uint32(len(data)))
	return n.block(6, append(b, data...))
}

func (n *ng) simple(data []byte) *ng {
	return n.block(3, append(n.order.AppendUint32(nil, uint32(len(data))), data...))
}

func TestPcapngOfAnotherWriterIsRead(t *testing.T) {
	var b bytes.Buffer
	w, err := pcapgo.NewNgWriter(&b, layers.LinkTypeEthernet)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := w.AddInterface(pcapgo.NgInterface{Name: "tun0", LinkType: layers.LinkTypeRaw, TimestampResolution: 9})
	if err != nil {
		t.Fatal(err)
	}
	for i, data := range [][]byte{
		plain(t, request(0, 0)),
		stacked(t, ip4(layers.IPProtocolUDP), udp(), gopacket.Payload(request(1, 0))),
	} {
		index := 0
		if i == 1 {
			index = raw
		}
		if err := w.WritePacket(gopacket.CaptureInfo{
			Timestamp: epoch.Add(time.Duration(i) * time.Microsecond), CaptureLength: len(data), Length: len(data), InterfaceIndex: index,
		}, data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	all := readAll(t, reader(t, b.Bytes()).Next)
	if len(all) != 2 {
		t.Fatalf("%d packets", len(all))
	}
	for i, p := range all {
		if want := epoch.Add(time.Duration(i) * time.Microsecond); string(p.Payload) != request(i, 0) || !p.Time.Equal(want) {
			t.Errorf("packet %d at %v, want %v: %q", i, p.Time, want, p.Payload)
		}
	}
}

func TestEveryClockOfPcapngIsRead(t *testing.T) {
	data := plain(t, request(1, 0))
	const sec = 1795158193
	for name, tt := range map[string]struct {
		ticks   uint64
		options []any
		want    time.Duration
	}{
		"microseconds by default":     {sec*1e6 + 250_000, nil, 250 * time.Millisecond},
		"milliseconds":                {sec*1e3 + 250, []any{9, []byte{3}}, 250 * time.Millisecond},
		"nanoseconds":                 {sec*1e9 + 7, []any{9, []byte{9}}, 7},
		"a 16th of a second":          {sec*16 + 4, []any{9, []byte{0x84}}, 250 * time.Millisecond},
		"seconds":                     {sec, []any{9, []byte{0}}, 0},
		"seconds after another epoch": {93, []any{9, []byte{0}, 14, []byte(nil)}, 0},
		"unknown options":             {sec * 1e6, []any{2, []byte("eth0"), 12, []byte("Linux")}, 0},
	} {
		for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
			t.Run(name+", "+order.String(), func(t *testing.T) {
				if len(tt.options) == 4 {
					offset := uint64(sec - 93)
					v := order.AppendUint64(nil, offset)
					tt.options[3] = v
				}
				n := (&ng{order: order}).section().iface(1, tt.options...).packet(0, tt.ticks, data)
				all := readAll(t, reader(t, n.b).Next)
				if len(all) != 1 {
					t.Fatalf("%d packets", len(all))
				}
				if want := epoch.Add(tt.want); !all[0].Time.Equal(want) {
					t.Errorf("time %v, want %v", all[0].Time, want)
				}
			})
		}
	}
}

func TestSectionsOfBothByteOrdersFollowOneAnother(t *testing.T) {
	var file []byte
	raw := stacked(t, ip4(layers.IPProtocolUDP), udp(), gopacket.Payload(request(2, 0)))
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian, binary.LittleEndian} {
		n := (&ng{order: order}).section().block(0x0bad, make([]byte, 1<<20)).iface(1).
			packet(0, 1795158193e6, plain(t, request(1, 0))).
			block(4, []byte("name resolution")).iface(101).packet(1, 1795158194e6, raw).
			block(5, make([]byte, 12)).simple(plain(t, request(3, 0)))
		file = append(file, n.b...)
	}
	all := readAll(t, reader(t, file).Next)
	if len(all) != 9 {
		t.Fatalf("%d packets", len(all))
	}
	for i, p := range all {
		if string(p.Payload) != request(i%3+1, 0) {
			t.Errorf("packet %d is %q", i, p.Payload)
		}
		// A simple packet block has no time of its own.
		if want := epoch.Add(time.Duration(min(i%3, 1)) * time.Second); !p.Time.Equal(want) {
			t.Errorf("packet %d at %v, want %v", i, p.Time, want)
		}
	}
}

func TestAPcapngThatContradictsItselfIsAnError(t *testing.T) {
	data := plain(t, request(1, 0))
	start := func() *ng { return (&ng{order: binary.LittleEndian}).section() }
	trailer := start().iface(1).b
	trailer[len(trailer)-4]++
	long := start().iface(1).packet(0, 0, data).b
	binary.LittleEndian.PutUint32(long[28+20+8+12:], uint32(len(data)+4))
	for name, b := range map[string][]byte{
		"no interface":                 start().packet(0, 0, data).b,
		"another interface":            start().iface(1).packet(1, 0, data).b,
		"simple without interface":     start().simple(data).b,
		"interface of an old section":  append(start().iface(1).b, start().packet(0, 0, data).b...),
		"block of 8 bytes":             append(start().b, 1, 0, 0, 0, 8, 0, 0, 0, 8, 0, 0, 0),
		"block of 13 bytes":            append(start().b, 1, 0, 0, 0, 13, 0, 0, 0, 13, 0, 0, 0),
		"enormous interface":           append(start().b, 1, 0, 0, 0, 0, 0, 0, 16, 0, 0, 0, 0),
		"enormous packet":              append(start().b, 6, 0, 0, 0, 0, 0, 0, 16, 0, 0, 0, 0),
		"trailer that differs":         trailer,
		"packet longer than its block": long,
		"short packet":                 start().iface(1).block(6, make([]byte, 16)).b,
		"short interface":              start().block(1, make([]byte, 4)).b,
		"short section":                start().block(0x0a0d0d0a, binary.LittleEndian.AppendUint32(nil, 0x1a2b3c4d)).b,
		"section of no byte order":     start().block(0x0a0d0d0a, make([]byte, 16)).b,
		"clock beyond all resolution":  start().iface(1, 9, []byte{20}).b,
		"binary clock beyond the same": start().iface(1, 9, []byte{0xc0}).b,
	} {
		t.Run(name, func(t *testing.T) {
			r := reader(t, b)
			var p hep.Received
			var err error
			for err == nil {
				err = r.Next(&p)
			}
			if !errors.Is(err, capture.ErrCorrupt) || !strings.Contains(err.Error(), "offset") {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestAPcapngCutAnywhereIsReadToThere(t *testing.T) {
	n := (&ng{order: binary.LittleEndian}).section().iface(1).packet(0, 1795158193e6, plain(t, request(1, 0))).
		block(0x0bad, make([]byte, 40)).packet(0, 1795158193e6, plain(t, request(2, 0)))
	for size := 4; size <= len(n.b); size++ {
		r := reader(t, n.b[:size])
		var p hep.Received
		var err error
		for err == nil {
			err = r.Next(&p)
		}
		if !errors.Is(err, io.EOF) {
			t.Fatalf("%d bytes: %v", size, err)
		}
	}
}

func TestATimeBeyondTheCalendarIsSkipped(t *testing.T) {
	n := (&ng{order: binary.LittleEndian}).section().iface(1, 9, []byte{0}).packet(0, 1<<63, plain(t, request(1, 0)))
	r := reader(t, n.b)
	if all := readAll(t, r.Next); len(all) != 0 || r.Stats().Skipped[capture.BadTime] != 1 {
		t.Errorf("%d packets, skipped %v", len(all), r.Stats().Skipped)
	}
}
