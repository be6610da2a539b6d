package rtp

// G.711 by tables, made at start from the definition of the Recommendation: a byte of either law decodes to 16
// bits; a sample encodes by its upper 13 bits (A-law) or 14 bits (µ-law).
var (
	fromALaw, fromULaw = decoders()
	toALaw, toULaw     = encoders()
	aToU, uToA         = transcoders()
)

func decoders() (a, u [256]int16) {
	for i := range 256 {
		a[i], u[i] = decodeALaw(byte(i)), decodeULaw(byte(i))
	}
	return a, u
}

func encoders() (a [1 << 13]byte, u [1 << 14]byte) {
	for i := range a {
		a[i] = encodeALaw(int16(uint16(i) << 3))
	}
	for i := range u {
		u[i] = encodeULaw(int16(uint16(i) << 2))
	}
	return a, u
}

func transcoders() (au, ua [256]byte) {
	for i := range 256 {
		au[i] = encodeULaw(decodeALaw(byte(i)))
		ua[i] = encodeALaw(decodeULaw(byte(i)))
	}
	return au, ua
}

// decodeALaw: sign, three bits of segment and four of place in it, every other bit inverted.
func decodeALaw(b byte) int16 {
	b ^= 0x55
	v, segment := int16(b&0x0f)<<4+8, b>>4&7
	if segment > 0 {
		v = (v + 0x100) << (segment - 1)
	}
	if b&0x80 == 0 {
		return -v
	}
	return v
}

// decodeULaw: as A-law, but all bits inverted and biased by 33 of 8159 so that segments double in width.
func decodeULaw(b byte) int16 {
	b = ^b
	v := (int16(b&0x0f)<<3+0x84)<<(b>>4&7) - 0x84
	if b&0x80 != 0 {
		return -v
	}
	return v
}

func encodeALaw(s int16) byte {
	v, mask := int(s)>>3, byte(0xd5)
	if v < 0 {
		v, mask = -v-1, 0x55
	}
	segment := segmentOf(v, 0x1f)
	shift := max(segment, 1)
	return (byte(segment)<<4 | byte(v>>shift)&0x0f) ^ mask
}

func encodeULaw(s int16) byte {
	v, mask := int(s)>>2, byte(0xff)
	if v < 0 {
		v, mask = -v, 0x7f
	}
	v = min(v, 8158) + 33
	segment := segmentOf(v, 0x3f)
	return (byte(segment)<<4 | byte(v>>(segment+1))&0x0f) ^ mask
}

// segmentOf returns which of eight segments v is in, when the first ends at end and each is twice the one before.
func segmentOf(v, end int) int {
	segment := 0
	for v > end && segment < 7 {
		end = end<<1 | 1
		segment++
	}
	return segment
}

// silence is the byte of a sample that is nothing.
func (c Codec) silence() byte {
	if c == PCMU {
		return 0xff
	}
	return 0xd5
}

// encode writes as many bytes to dst as there are samples.
func (c Codec) encode(dst []byte, samples []int16) {
	if c == PCMU {
		for i, s := range samples {
			dst[i] = toULaw[uint16(s)>>2]
		}
		return
	}
	for i, s := range samples {
		dst[i] = toALaw[uint16(s)>>3]
	}
}

// decode writes as many samples to dst as there are bytes.
func (c Codec) decode(dst []int16, payload []byte) {
	from := &fromALaw
	if c == PCMU {
		from = &fromULaw
	}
	for i, b := range payload {
		dst[i] = from[b]
	}
}

// transcode turns a payload of c into one of to, in place.
func (c Codec) transcode(payload []byte, to Codec) {
	if c == to {
		return
	}
	law := &aToU
	if to == PCMA {
		law = &uToA
	}
	for i, b := range payload {
		payload[i] = law[b]
	}
}
