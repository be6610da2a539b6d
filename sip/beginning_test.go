package sip

import "testing"

func TestTheBeginningOfANumberIsReadAsItIsTyped(t *testing.T) {
	for _, tt := range []struct{ country, text, want string }{
		{"FI", "040 555", "35840555"},
		{"FI", "+358 (0)40 5", "358405"},
		{"FI", "0035840", "35840"},
		{"FI", "35840", "35840"},
		{"FI", "0", "358"},
		{"FI", "00", "3580"},
		{"SE", "08-12", "46812"},
		{"US", "011 44", "44"},
		{"NO", "22", "22"}, // has no trunk prefix
		{"FI", "+", ""},
	} {
		n, err := NewNumbering(tt.country, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := n.Beginning(tt.text); got != tt.want {
			t.Errorf("%s %q: %q, want %q", tt.country, tt.text, got, tt.want)
		}
	}
}
