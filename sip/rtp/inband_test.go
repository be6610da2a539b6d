package rtp

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// hearTones tells the keys heard in sound after it went through c, in packets of 20 ms.
func hearTones(c Codec, sound []float64) (keys string, held []time.Duration) {
	d := inBand{
		press: func(symbol byte, _ time.Duration) { keys += string(symbol) },
		letGo: func(h time.Duration) { held = append(held, h) },
	}
	for frame := range slices.Chunk(sound, 160) {
		samples, coded := make([]int16, len(frame)), make([]byte, len(frame))
		for i, x := range frame {
			samples[i] = clip16(x)
		}
		c.encode(coded, samples)
		c.decode(samples, coded)
		d.listen(samples)
	}
	return keys, held
}

// tone adds a sine wave of a level in dBm0 to sound, from one sample to another.
func tone(sound []float64, from, to int, hertz, dBm0 float64) {
	amplitude := 32767 * math.Sqrt(ratio(dBm0-fullScale))
	for i := from; i < to; i++ {
		sound[i] += amplitude * math.Sin(2*math.Pi*hertz*float64(i)/SampleRate+1)
	}
}

// keyed is sound of a key, n samples long, in a second of silence.
func keyed(symbol byte, from, n int, low, high, detune float64) []float64 {
	sound := make([]float64, SampleRate)
	f1, f2 := tonesOf(symbol)
	tone(sound, from, from+n, f1*(1+detune), low)
	tone(sound, from, from+n, f2*(1+detune), high)
	return sound
}

func TestKeysAreHeardInTheSound(t *testing.T) {
	const ms = SampleRate / 1000
	for _, c := range []Codec{PCMA, PCMU} {
		for i := range len(symbols) {
			key := symbols[i]
			for _, tt := range []struct {
				name              string
				n                 int
				low, high, detune float64
				noise             float64
				want              bool
			}{
				{"usual", 100 * ms, -10, -8, 0, 0, true},
				{"loud", 100 * ms, -1, -1, 0, 0, true},
				{"soft", 100 * ms, -30, -30, 0, 0, true},
				{"too soft", 100 * ms, -45, -45, 0, 0, false},
				{"as short as may be", 40 * ms, -10, -10, 0, 0, true},
				{"too short", 23 * ms, -10, -10, 0, 0, false},
				{"long", 400 * ms, -10, -10, 0, 0, true},
				{"high tone weaker by the line", 100 * ms, -8, -16, 0, 0, true},
				{"high tone far too weak", 100 * ms, -6, -20, 0, 0, false},
				{"high tone stronger", 100 * ms, -12, -8, 0, 0, true},
				{"high tone far too strong", 100 * ms, -18, -8, 0, 0, false},
				{"a little sharp", 100 * ms, -10, -10, 0.015, 0, true},
				{"a little flat", 100 * ms, -10, -10, -0.015, 0, true},
				{"on a noisy line", 100 * ms, -10, -10, 0, -25, true},
				{"low tone alone", 100 * ms, -10, -90, 0, 0, false},
				{"high tone alone", 100 * ms, -90, -10, 0, 0, false},
			} {
				for from := 1000; from < 1000+inBandHop; from += 9 {
					sound := keyed(key, from, tt.n, tt.low, tt.high, tt.detune)
					if tt.noise != 0 {
						random := rand.New(rand.NewPCG(uint64(from), uint64(key)))
						for i := range sound {
							sound[i] += random.NormFloat64() * 32767 / math.Sqrt2 * math.Sqrt(ratio(tt.noise-fullScale))
						}
					}
					keys, held := hearTones(c, sound)
					if want := string(key); tt.want && keys != want || !tt.want && keys != "" {
						t.Errorf("%v: %c, %s, at %d: heard %q", c, key, tt.name, from, keys)
					}
					if length := lasting(tt.n); tt.want && tt.noise == 0 && (held[0] < length-15*time.Millisecond || held[0] > length+15*time.Millisecond) {
						t.Errorf("%c, %s: held %v, told %v", key, tt.name, length, held[0])
					}
				}
			}
		}
	}
}

func TestKeysOneAfterTheOther(t *testing.T) {
	const ms = SampleRate / 1000
	sound := make([]float64, 2*SampleRate)
	at, want := 500, ""
	for _, key := range []byte("5500#*12A1122") {
		f1, f2 := tonesOf(key)
		tone(sound, at, at+50*ms, f1, -12)
		tone(sound, at, at+50*ms, f2, -10)
		at += 95 * ms
		want += string(key)
	}
	if keys, held := hearTones(PCMA, sound); keys != want || len(held) != len(want) {
		t.Errorf("heard %q", keys)
	}
	// A gap shorter than 10 ms is one press still.
	sound = keyed('8', 800, 100*ms, -10, -10, 0)
	clear(sound[1200 : 1200+9*ms])
	if keys, _ := hearTones(PCMA, sound); keys != "8" {
		t.Errorf("heard %q in a press with a gap", keys)
	}
}

// A voice is no key: pulses of a throat through the formants of vowels, with consonants of noise, for minutes; and what
// else lines carry.
func TestVoicesAndTonesAreNoKeys(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	heard := func(name string, sound []float64) {
		t.Helper()
		if keys, _ := hearTones(PCMA, sound); keys != "" {
			t.Errorf("%s: heard %q", name, keys)
		}
	}
	for _, pitch := range []float64{85, 110, 140, 174, 190, 220, 260, 302} {
		heard("voice", voice(random, 20*time.Second, pitch))
	}
	noise := make([]float64, 30*SampleRate)
	for i := range noise {
		noise[i] = random.NormFloat64() * 6000
	}
	heard("noise", noise)
	for name, tones := range map[string][]float64{
		"dial tone": {425}, "american dial tone": {350, 440}, "busy": {480, 620}, "ringing": {440, 480}, "fax": {1100}, "answer": {2100},
		"two low tones": {697, 770}, "two high tones": {1209, 1477}, "a chord": {697, 880, 1209}, "beside the keys": {730, 1270},
		"with second harmonics": {770, 1540, 1336, 2672}, "special information": {950, 1400, 1800},
	} {
		sound := make([]float64, 2*SampleRate)
		for _, f := range tones {
			tone(sound, 0, len(sound), f, -10)
		}
		heard(name, sound)
	}
}

// voice makes speech-like sound: a pulse train whose pitch glides, through two-pole resonators that glide between vowels,
// in syllables, with fricatives between.
func voice(random *rand.Rand, d time.Duration, pitch float64) []float64 {
	vowels := [][3]float64{{730, 1090, 2440}, {270, 2290, 3010}, {300, 870, 2240}, {530, 1840, 2480}, {570, 840, 2410}, {660, 1720, 2410}, {700, 1220, 2600}, {850, 1477, 2500}}
	sound := make([]float64, samples(d))
	var y [3][2]float64
	formants, phase := vowels[0], 0.0
	for i := 0; i < len(sound); {
		target, length, voiced := vowels[random.IntN(len(vowels))], 600+random.IntN(2400), random.IntN(5) > 0
		glide := pitch * (0.8 + 0.5*random.Float64())
		for j := range min(length, len(sound)-i) {
			in := random.NormFloat64() * 300
			if voiced {
				in = random.NormFloat64() * 20
				if phase += glide / SampleRate; phase >= 1 {
					phase--
					in += 4000
				}
			}
			envelope := math.Sin(math.Pi * float64(j) / float64(length))
			for k, bandwidth := range []float64{60, 90, 150} {
				formants[k] += (target[k] - formants[k]) / 400
				r := math.Exp(-math.Pi * bandwidth / SampleRate)
				out := in + 2*r*math.Cos(2*math.Pi*formants[k]/SampleRate)*y[k][0] - r*r*y[k][1]
				y[k][1], y[k][0] = y[k][0], out
				sound[i+j] += out * envelope / float64(k+2)
			}
		}
		i += length
	}
	peak := 0.0
	for _, x := range sound {
		peak = max(peak, math.Abs(x))
	}
	for i := range sound {
		sound[i] *= 20000 / peak
	}
	return sound
}

func BenchmarkInBand(b *testing.B) {
	sound := voice(rand.New(rand.NewPCG(1, 2)), time.Second, 120)
	frame := make([]int16, 160)
	for i := range frame {
		frame[i] = clip16(sound[2000+i])
	}
	d := inBand{press: func(byte, time.Duration) {}, letGo: func(time.Duration) {}}
	for b.Loop() {
		d.listen(frame)
	}
}
