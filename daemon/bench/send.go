package bench

import (
	"encoding/binary"
	"fmt"
	"net"
	"time"

	"golang.org/x/net/ipv4"
)

// HEP3 chunks of the capture time.
const (
	chunkSeconds      = 0x09
	chunkMicroseconds = 0x0a
)

// stamp writes the time of sending into a HEP3 packet, whose chunks stand where Append put them.
func stamp(frame []byte, at time.Time) {
	for i := 6; i+6 <= len(frame); {
		kind := binary.BigEndian.Uint16(frame[i+2:])
		size := int(binary.BigEndian.Uint16(frame[i+4:]))
		switch kind {
		case chunkSeconds:
			binary.BigEndian.PutUint32(frame[i+6:], uint32(at.Unix()))
		case chunkMicroseconds:
			binary.BigEndian.PutUint32(frame[i+6:], uint32(at.Nanosecond()/1000))
			return
		}
		if size < 6 {
			return
		}
		i += size
	}
}

// pace is how often a batch leaves.
const pace = time.Millisecond

// send sends every packet at its time over a network, and returns how long it took.
func (f *frames) send(network, to string) (time.Duration, error) {
	if network == "tcp" {
		return f.sendTCP(to)
	}
	return f.sendUDP(to)
}

// sendUDP sends every packet at its time, in batches, and returns how long it took.
func (f *frames) sendUDP(to string) (time.Duration, error) {
	conn, err := net.Dial("udp", to)
	if err != nil {
		return 0, fmt.Errorf("bench: %w", err)
	}
	defer conn.Close()
	pc := ipv4.NewPacketConn(conn.(*net.UDPConn))
	batch := make([]ipv4.Message, 0, 512)
	begin := time.Now()
	for sent := 0; sent < len(f.ends); {
		want := f.due(sent, time.Since(begin))
		if want <= sent {
			time.Sleep(pace)
			continue
		}
		now := time.Now()
		batch = batch[:0]
		for i := sent; i < want && len(batch) < cap(batch); i++ {
			b := f.frame(i)
			stamp(b, now)
			batch = append(batch, ipv4.Message{Buffers: [][]byte{b}})
		}
		for rest := batch; len(rest) > 0; {
			n, err := pc.WriteBatch(rest, 0)
			if err != nil {
				return 0, fmt.Errorf("bench: sending: %w", err)
			}
			rest = rest[n:]
		}
		sent += len(batch)
	}
	return time.Since(begin), nil
}

// sendTCP is sendUDP over one connection.
func (f *frames) sendTCP(to string) (time.Duration, error) {
	conn, err := net.Dial("tcp", to)
	if err != nil {
		return 0, fmt.Errorf("bench: %w", err)
	}
	defer conn.Close()
	begin := time.Now()
	for sent := 0; sent < len(f.ends); {
		want := f.due(sent, time.Since(begin))
		if want <= sent {
			time.Sleep(pace)
			continue
		}
		now := time.Now()
		for i := sent; i < want; i++ {
			stamp(f.frame(i), now)
		}
		if _, err := conn.Write(f.bytes[f.begin(sent):f.ends[want-1]]); err != nil {
			return 0, fmt.Errorf("bench: sending: %w", err)
		}
		sent = want
	}
	return time.Since(begin), nil
}

// due is how many packets have left by a time, of which so many have.
func (f *frames) due(sent int, at time.Duration) int {
	for sent < len(f.at) && f.at[sent] <= int64(at) {
		sent++
	}
	return sent
}

func (f *frames) begin(i int) int {
	if i == 0 {
		return 0
	}
	return f.ends[i-1]
}

func (f *frames) frame(i int) []byte { return f.bytes[f.begin(i):f.ends[i]] }
