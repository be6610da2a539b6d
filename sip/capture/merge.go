package capture

import (
	"errors"
	"io"

	"ringback/sip/hep"
)

// Merged reads several captures as one, in the order of their packets' Arrival.
type Merged struct {
	heads []head
	last  int  // the head whose packet was given last; it is moved on by the next call
	alone bool // there is but one reader, and nothing to compare
}

// head is a reader with its next packet.
type head struct {
	r      *Reader
	packet hep.Received
}

// Merge returns the packets of all readers by time. Of packets of the same time those of an earlier
// reader come first. Closing the readers stays with the caller.
func Merge(readers ...*Reader) *Merged {
	m := &Merged{last: -1, alone: len(readers) == 1}
	for _, r := range readers {
		m.heads = append(m.heads, head{r: r})
	}
	return m
}

// Next reads the next packet into p. Its slices are valid until the next call. At the end of all
// files the error is io.EOF; any other is of the file it names.
func (m *Merged) Next(p *hep.Received) error {
	if m.alone {
		return m.heads[0].r.Next(p)
	}
	if m.last < 0 {
		for i := len(m.heads) - 1; i >= 0; i-- {
			if err := m.move(i); err != nil {
				return err
			}
		}
	} else if err := m.move(m.last); err != nil {
		return err
	}
	if len(m.heads) == 0 {
		return io.EOF
	}
	m.last = 0
	for i := 1; i < len(m.heads); i++ {
		if m.heads[i].packet.Arrival.Before(m.heads[m.last].packet.Arrival) {
			m.last = i
		}
	}
	*p = m.heads[m.last].packet
	return nil
}

// move reads a head's next packet and drops the head at its end.
func (m *Merged) move(i int) error {
	err := m.heads[i].r.Next(&m.heads[i].packet)
	if errors.Is(err, io.EOF) {
		m.heads = append(m.heads[:i], m.heads[i+1:]...)
		return nil
	}
	return err
}
