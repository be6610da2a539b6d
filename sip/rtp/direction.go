package rtp

// Direction is who may send media, as seen from us (RFC 8866 §6.7).
type Direction uint8

// The directions.
const (
	SendRecv Direction = iota // both may
	SendOnly                  // only we: we hold the peer
	RecvOnly                  // only the peer: it holds us
	Inactive                  // neither

	directionUnsaid Direction = 0xff
)

// The bits of a direction: what is not done.
const (
	noRecv Direction = SendOnly
	noSend Direction = RecvOnly
)

// String returns the attribute's name.
func (d Direction) String() string {
	switch d {
	case SendRecv:
		return "sendrecv"
	case SendOnly:
		return "sendonly"
	case RecvOnly:
		return "recvonly"
	case Inactive:
		return "inactive"
	default:
		return "unknown"
	}
}

func (d Direction) sends() bool    { return d&noSend == 0 }
func (d Direction) receives() bool { return d&noRecv == 0 }

// reversed is d as the other side sees it.
func (d Direction) reversed() Direction { return d&noRecv<<1 | d&noSend>>1 }

// and is what both allow.
func (d Direction) and(o Direction) Direction { return d | o }

func parseDirection(name string) (Direction, bool) {
	for d := SendRecv; d <= Inactive; d++ {
		if d.String() == name {
			return d, true
		}
	}
	return directionUnsaid, false
}
