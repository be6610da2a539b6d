package capture

import (
	"errors"
	"io"
	"slices"

	"ringback/sip/hep"
)

// Merged reads several captures as one, in the order of their packets' Arrival.
type Merged struct {
	heads []*head
	given *head // whose packet was given last; the next call moves it on
	begun bool
	alone bool // there is but one reader, and nothing to compare
}

// head is a reader with its next packet.
type head struct {
	r      *Reader
	packet hep.Received
	ended  bool
}

// Merge returns the packets of all readers by time. Of packets of the same time those of an earlier
// reader come first. Closing the readers stays with the caller.
func Merge(readers ...*Reader) *Merged {
	m := &Merged{alone: len(readers) == 1}
	for _, r := range readers {
		m.heads = append(m.heads, &head{r: r})
	}
	return m
}

// Next reads the next packet into p. Its slices are valid until the next call. At the end of all
// files the error is io.EOF; any other is of the file it names.
func (m *Merged) Next(p *hep.Received) error {
	if m.alone {
		return m.heads[0].r.Next(p)
	}
	if err := m.move(); err != nil {
		return err
	}
	m.given = nil
	for _, h := range m.heads {
		if m.given == nil || h.packet.Arrival.Before(m.given.packet.Arrival) {
			m.given = h
		}
	}
	if m.given == nil {
		return io.EOF
	}
	*p = m.given.packet
	return nil
}

// move reads the next packet of the head given last, at the beginning of all, and drops those at
// their end.
func (m *Merged) move() error {
	ended := false
	for _, h := range m.heads {
		if m.begun && h != m.given {
			continue
		}
		err := h.r.Next(&h.packet)
		if h.ended = errors.Is(err, io.EOF); !h.ended && err != nil {
			return err
		}
		ended = ended || h.ended
	}
	m.begun = true
	if ended {
		m.heads = slices.DeleteFunc(m.heads, func(h *head) bool { return h.ended })
	}
	return nil
}
