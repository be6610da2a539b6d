package lab

import "math"

// Strength is how much of a tone there is in sound of so many samples a second (Goertzel): half the tone's amplitude
// where there is nothing else all along.
func Strength(sound []int16, rate int, hertz float64) float64 {
	var a, b float64
	k := 2 * math.Cos(2*math.Pi*hertz/float64(rate))
	for _, s := range sound {
		a, b = float64(s)+k*a-b, a
	}
	return math.Sqrt(max(a*a+b*b-k*a*b, 0)) / float64(max(len(sound), 1))
}
