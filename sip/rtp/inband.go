package rtp

import (
	"math"
	"time"
)

// inBand hears digits as tones (ITU-T Q.23, Q.24). It measures the eight tones by Goertzel's algorithm in blocks of
// 128 samples, every 32, under a Hamming window, so that tones 1.5 % off are measured well and do not smear into each other. A
// press of 40 ms fills six blocks wherever it begins, and one of 23 ms no more than four. A block is of a key when one
// low and one high tone hold nearly all of its power, stand out of their groups, are balanced, as strong as in the block before, and
// the high one has no second harmonic, as voices have. Six in a row make a press.
type inBand struct {
	block  [inBandBlock]float64
	filled int
	low    float64 // powers of the tones in the block before
	high   float64

	hit     byte // what the blocks before were of, 0: nothing
	hits    int  // in a row
	pressed byte
	blocks  int // of the press
	misses  int // since its last one

	press func(symbol byte, before time.Duration) // a key went down so long before
	letGo func(held time.Duration)
}

const (
	inBandBlock = 128
	inBandHop   = 32
	inBandHits  = 6 // blocks in a row that make a press
	inBandMiss  = 6 // blocks without that end it: a gap of 10 ms does not

	leastLevel     = -36.0 // of each tone, in dBm0
	highStronger   = 5.0   // dB that the high tone may have over the low one: 4 and the measure's error
	highWeaker     = 9.5   // dB that lines take from it: 8 and the error
	standOut       = 5.0   // dB over the others of its group
	steady         = 3.0   // dB from one block to the next
	ofTotal        = 0.88  // share of the power that the two tones have
	detuned        = 0.012 // how far from its frequency a tone is measured too
	belowHarmonics = 12.0  // dB that harmonics are weaker
)

var (
	lowTones  = [4]float64{697, 770, 852, 941}
	highTones = [4]float64{1209, 1336, 1477, 1633}
	keypad    = [4]string{"123A", "456B", "789C", "*0#D"}

	lowCoefficients  = coefficients(lowTones, 1)
	highCoefficients = coefficients(highTones, 1)
	highHarmonics    = coefficients(highTones, 2) // those of the low tones are too near the high ones to tell

	lowFlat, lowSharp   = coefficients(lowTones, 1-detuned), coefficients(lowTones, 1+detuned)
	highFlat, highSharp = coefficients(highTones, 1-detuned), coefficients(highTones, 1+detuned)
)

func coefficients(tones [4]float64, times float64) (c [4]float64) {
	for i, hertz := range tones {
		c[i] = 2 * math.Cos(2*math.Pi*hertz*times/SampleRate)
	}
	return c
}

// tonesOf returns the two tones of a key, in hertz.
func tonesOf(symbol byte) (low, high float64) {
	for i, row := range keypad {
		for j := range len(row) {
			if row[j] == symbol {
				return lowTones[i], highTones[j]
			}
		}
	}
	return 0, 0
}

// fullScale is the level of the strongest sine wave that G.711 carries, in dBm0.
const fullScale = 3.14

// ratio of powers, of a difference in dB.
func ratio(db float64) float64 { return math.Pow(10, db/10) }

var (
	window, windowSum, windowSquares = hamming()

	// What Goertzel's algorithm makes of a tone of leastLevel, and of the power of a block that is all one tone.
	leastPower     = ratio(leastLevel-fullScale) * 32768 * 32768 * windowSum * windowSum / 4
	ofPower        = windowSum * windowSum / 2 / windowSquares
	ratioSteady    = ratio(steady)
	ratioStronger  = ratio(highStronger)
	ratioWeaker    = ratio(highWeaker)
	ratioStandOut  = ratio(standOut)
	ratioHarmonics = ratio(belowHarmonics)
)

func hamming() (w [inBandBlock]float64, sum, squares float64) {
	for i := range w {
		w[i] = 0.54 - 0.46*math.Cos(2*math.Pi*(float64(i)+0.5)/inBandBlock)
		sum += w[i]
		squares += w[i] * w[i]
	}
	return w, sum, squares
}

// listen takes sound.
func (d *inBand) listen(sound []int16) {
	for len(sound) > 0 {
		n := min(inBandBlock-d.filled, len(sound))
		for i, s := range sound[:n] {
			d.block[d.filled+i] = float64(s)
		}
		d.filled += n
		sound = sound[n:]
		if d.filled == inBandBlock {
			d.step(d.key())
			copy(d.block[:], d.block[inBandHop:])
			d.filled = inBandBlock - inBandHop
		}
	}
}

// step takes what a block is of.
func (d *inBand) step(key byte) {
	if key != 0 && key == d.hit {
		d.hits++
	} else {
		d.hit, d.hits = key, min(int(key), 1)
	}
	switch {
	case d.pressed != 0 && key == d.pressed:
		d.blocks += 1 + d.misses
		d.misses = 0
		return
	case d.pressed != 0:
		if d.misses++; d.misses >= inBandMiss || d.hits >= inBandHits {
			d.letGo(lasting((d.blocks + 2) * inBandHop))
			d.pressed = 0
		}
	}
	if d.pressed == 0 && d.hits >= inBandHits {
		d.pressed, d.blocks, d.misses = d.hit, d.hits, 0
		d.press(d.hit, lasting((d.hits+2)*inBandHop))
	}
}

// key tells which key the block is of, 0: none.
func (d *inBand) key() byte {
	var block [inBandBlock]float64
	power := 0.0
	for i, x := range d.block {
		x *= window[i]
		block[i] = x
		power += x * x
	}
	power *= ofPower
	lowBefore, highBefore := d.low, d.high
	d.low, d.high = 0, 0
	if power < 2*leastPower*ofTotal {
		return 0 // too soft: most of all blocks
	}
	row, low, ok := strongest(&block, &lowCoefficients)
	if !ok {
		return 0 // voices too, mostly
	}
	column, high, ok := strongest(&block, &highCoefficients)
	if !ok {
		return 0
	}
	low = max(low, goertzel(&block, lowFlat[row]), goertzel(&block, lowSharp[row]))
	high = max(high, goertzel(&block, highFlat[column]), goertzel(&block, highSharp[column]))
	switch {
	case low < leastPower, high < leastPower,
		high > low*ratioStronger, low > high*ratioWeaker,
		low+high < ofTotal*power,
		goertzel(&block, highHarmonics[column])*ratioHarmonics > high:
		return 0
	}
	d.low, d.high = low, high
	if lowBefore > 0 && (apart(low, lowBefore) || apart(high, highBefore)) {
		return 0
	}
	return keypad[row][column]
}

// apart tells whether two powers are not of one steady tone.
func apart(a, b float64) bool { return a > b*ratioSteady || b > a*ratioSteady }

// strongest finds the strongest tone of a group, and whether it stands out.
func strongest(block *[inBandBlock]float64, group *[4]float64) (at int, power float64, standsOut bool) {
	second := 0.0
	for i, p := range goertzels(block, group) {
		switch {
		case p > power:
			at, power, second = i, p, power
		case p > second:
			second = p
		}
	}
	return at, power, power > second*ratioStandOut
}

// goertzels measures the powers of four tones at once, as each waits for its own last step.
func goertzels(block *[inBandBlock]float64, c *[4]float64) [4]float64 {
	var a0, b0, a1, b1, a2, b2, a3, b3 float64
	c0, c1, c2, c3 := c[0], c[1], c[2], c[3]
	for _, x := range block {
		a0, b0 = x+c0*a0-b0, a0
		a1, b1 = x+c1*a1-b1, a1
		a2, b2 = x+c2*a2-b2, a2
		a3, b3 = x+c3*a3-b3, a3
	}
	return [4]float64{a0*a0 + b0*b0 - c0*a0*b0, a1*a1 + b1*b1 - c1*a1*b1, a2*a2 + b2*b2 - c2*a2*b2, a3*a3 + b3*b3 - c3*a3*b3}
}

// goertzel measures the power of one tone.
func goertzel(block *[inBandBlock]float64, c float64) float64 {
	var a, b float64
	for _, x := range block {
		a, b = x+c*a-b, a
	}
	return a*a + b*b - c*a*b
}
