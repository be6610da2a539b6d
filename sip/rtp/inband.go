package rtp

import (
	"math"
	"time"
)

// inBand hears digits as tones (ITU-T Q.23, Q.24). It measures the eight tones by Goertzel's algorithm in blocks of
// 102 samples, every 51, which is short enough for a press of 40 ms to fill four blocks wherever it begins, and one of 25 ms to
// never do. A block is of a key when one low and one high tone hold nearly all of its power, stand out of their groups, are
// balanced and have no second harmonics, as voices have. Four in a row make a press, four without end it.
type inBand struct {
	block  [inBandBlock]float64
	filled int

	hit     byte // what the blocks before were of, 0: nothing
	hits    int  // in a row
	pressed byte
	blocks  int // of the press
	misses  int // since its last one

	press func(symbol byte, before time.Duration) // a key went down so long before
	letGo func(held time.Duration)
}

const (
	inBandBlock = 102
	inBandHop   = inBandBlock / 2
	inBandHits  = 4
	inBandMiss  = 4

	leastLevel     = -36.0 // of each tone, in dBm0
	highStronger   = 5.0   // dB that the high tone may have over the low one: 4 and the measure's error
	highWeaker     = 9.0   // dB that lines take from it: 8 and the error
	standOut       = 8.0   // dB over the others of its group
	ofTotal        = 0.82  // share of the power that the two tones have
	belowHarmonics = 12.0  // dB that harmonics are weaker
)

var (
	lowTones  = [4]float64{697, 770, 852, 941}
	highTones = [4]float64{1209, 1336, 1477, 1633}
	keypad    = [4]string{"123A", "456B", "789C", "*0#D"}

	lowCoefficients   = coefficients(lowTones, 1)
	highCoefficients  = coefficients(highTones, 1)
	lowSecondHarmonic = coefficients(lowTones, 2)
	highHarmonics     = coefficients(highTones, 2)
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
	// What Goertzel's algorithm makes of a tone of leastLevel: (A·N/2)².
	leastPower     = ratio(leastLevel-fullScale) * 32768 * 32768 * inBandBlock * inBandBlock / 4
	ratioStronger  = ratio(highStronger)
	ratioWeaker    = ratio(highWeaker)
	ratioStandOut  = ratio(standOut)
	ratioHarmonics = ratio(belowHarmonics)
)

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
			d.letGo(lasting((d.blocks + 1) * inBandHop))
			d.pressed = 0
		}
	}
	if d.pressed == 0 && d.hits >= inBandHits {
		d.pressed, d.blocks, d.misses = d.hit, d.hits, 0
		d.press(d.hit, lasting((d.hits+1)*inBandHop))
	}
}

// key tells which key the block is of, 0: none.
func (d *inBand) key() byte {
	total := 0.0
	for _, x := range d.block {
		total += x * x
	}
	if total*inBandBlock/2 < 2*leastPower*ofTotal {
		return 0 // too soft: most of all blocks
	}
	row, low, lowClear := strongest(&d.block, &lowCoefficients)
	column, high, highClear := strongest(&d.block, &highCoefficients)
	switch {
	case !lowClear, !highClear,
		low < leastPower, high < leastPower,
		high > low*ratioStronger, low > high*ratioWeaker,
		low+high < ofTotal*total*inBandBlock/2,
		goertzel(&d.block, lowSecondHarmonic[row])*ratioHarmonics > low,
		goertzel(&d.block, highHarmonics[column])*ratioHarmonics > high:
		return 0
	}
	return keypad[row][column]
}

// strongest finds the strongest tone of a group, and whether it stands out.
func strongest(block *[inBandBlock]float64, group *[4]float64) (at int, power float64, standsOut bool) {
	second := 0.0
	for i, c := range group {
		p := goertzel(block, c)
		switch {
		case p > power:
			at, power, second = i, p, power
		case p > second:
			second = p
		}
	}
	return at, power, power > second*ratioStandOut
}

// goertzel measures the power of one tone.
func goertzel(block *[inBandBlock]float64, c float64) float64 {
	var a, b float64
	for _, x := range block {
		a, b = x+c*a-b, a
	}
	return a*a + b*b - c*a*b
}
