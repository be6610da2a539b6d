package bench

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"time"

	"golang.org/x/net/ipv4"
)

// bareUDP is the floor over UDP: a reader that takes datagrams in batches and counts them.
func bareUDP(ready func(net.Addr), done <-chan struct{}) (int, error) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	if err := conn.(*net.UDPConn).SetReadBuffer(socketBuffer); err != nil {
		return 0, err
	}
	ready(conn.LocalAddr())
	pc := ipv4.NewPacketConn(conn)
	batch := make([]ipv4.Message, 64)
	for i := range batch {
		batch[i].Buffers = [][]byte{make([]byte, 65536)}
	}
	n := 0
	for {
		if err := conn.SetReadDeadline(time.Now().Add(time.Second)); err != nil {
			return n, err
		}
		got, err := pc.ReadBatch(batch, 0)
		n += got
		if ne, ok := errors.AsType[net.Error](err); ok && ne.Timeout() {
			select {
			case <-done:
				return n, nil
			default:
			}
			continue
		}
		if err != nil {
			return n, err
		}
	}
}

// bareTCP is the floor over TCP: a reader that cuts the stream into frames and counts them.
func bareTCP(ready func(net.Addr)) (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	ready(l.Addr())
	conn, err := l.Accept()
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	r := bufio.NewReaderSize(conn, 1<<20)
	n := 0
	for {
		head, err := r.Peek(6)
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return n, err
		}
		if _, err := r.Discard(int(binary.BigEndian.Uint16(head[4:]))); err != nil {
			return n, err
		}
		n++
	}
}

// socketBuffer is what all receivers ask the kernel for.
const socketBuffer = 16 << 20
