package rtp

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/pion/srtp/v3"
)

// inbound decrypts what one key protects. The library keeps state for each source it is shown, authentic or not, so each source
// has a context of its own, which is kept only once a packet of it was authentic.
type inbound struct {
	key     crypto
	sources [4]source
	oldest  int

	window time.Time // in which trials are counted
	trials int
}

type source struct {
	ssrc    uint32
	context *srtp.Context
}

const (
	trialsMax    = 20 // packets of unknown sources looked at in a window
	trialsWindow = time.Second
)

var errTrials = errors.New("rtp: too many sources")

// rtp decrypts an RTP packet into dst's memory, if that is enough.
func (i *inbound) rtp(dst, packet []byte, now time.Time) ([]byte, error) {
	return i.open(binary.BigEndian.Uint32(packet[8:]), now, func(c *srtp.Context) ([]byte, error) {
		return c.DecryptRTP(dst[:0], packet, nil)
	})
}

// rtcp decrypts an RTCP packet.
func (i *inbound) rtcp(packet []byte, now time.Time) ([]byte, error) {
	return i.open(binary.BigEndian.Uint32(packet[4:]), now, func(c *srtp.Context) ([]byte, error) {
		return c.DecryptRTCP(nil, packet, nil)
	})
}

func (i *inbound) open(ssrc uint32, now time.Time, decrypt func(*srtp.Context) ([]byte, error)) ([]byte, error) {
	for _, s := range i.sources {
		if s.context != nil && s.ssrc == ssrc {
			return decrypt(s.context)
		}
	}
	if now.Sub(i.window) >= trialsWindow {
		i.window, i.trials = now, 0
	}
	if i.trials++; i.trials > trialsMax {
		return nil, errTrials
	}
	c, err := i.key.context()
	if err != nil {
		return nil, err
	}
	plain, err := decrypt(c)
	if err != nil {
		return nil, err
	}
	i.sources[i.oldest] = source{ssrc, c}
	i.oldest = (i.oldest + 1) % len(i.sources)
	return plain, nil
}
