package maycall

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ringback/directory"
	"ringback/directory/calling"
	"ringback/sip"
)

const maija, lisbon sip.Number = 358401234567, 351912345678

// noon is a Wednesday in summer: 12:00 in Helsinki, 10:00 in Lisbon and 09:00 on the Azores.
var noon = time.Date(2026, 7, 1, 9, 0, 0, 0, time.UTC)

// centre is a directory with a list that is open on workdays from 8 to 16.
func centre(tb testing.TB) *directory.Directory {
	tb.Helper()
	f, err := directory.Parse("test", []byte(`
country: FI
time_zone: Europe/Helsinki
calendars: [{id: office, week: [{days: mon-fri, hours: 08:00-16:00}]}]
lists: [{id: office, hours: office}, {id: always}]
`))
	if err != nil {
		tb.Fatal(err)
	}
	d, err := directory.New(f)
	if err != nil {
		tb.Fatal(err)
	}
	return d
}

func hoursOf(tb testing.TB, list string) *directory.Hours {
	tb.Helper()
	l, _ := centre(tb).List(list)
	return l.Hours
}

// of are the facts of a number, with the default rules.
func of(n sip.Number, at time.Time) Facts {
	return Facts{At: at, Number: n, Country: "FI", Rules: directory.DefaultCalling(), Kind: n.Kind(), Region: n.Region(), Zones: n.Zones()}
}

// said is an answer as a test writes it.
func said(a Answer) string {
	var parts []string
	for _, f := range a.Findings {
		text := fmt.Sprintf("%s %s", f.Effect, f.Rule)
		if !f.Until.IsZero() {
			text += " until " + f.Until.UTC().Format("02 15:04")
		}
		parts = append(parts, text)
	}
	switch {
	case a.Next.IsZero():
		parts = append(parts, "never")
	case !a.Next.Equal(a.At):
		parts = append(parts, "next "+a.Next.UTC().Format("02 15:04"))
	}
	return strings.Join(parts, "; ")
}

func TestEachRuleSpeaksAgainstItsCalls(t *testing.T) {
	office := hoursOf(t, "office")
	at := func(day, hour, minute int) time.Time { return time.Date(2026, 7, day, hour, minute, 0, 0, time.UTC) }
	for _, row := range []struct {
		name string
		f    Facts
		with func(*Facts)
		want string
	}{
		{"nothing does", of(maija, noon), nil, ""},
		{"no number", of(0, noon), nil, "block no_number; never"},
		{"something that is no number", of(0, noon), func(f *Facts) { f.Dialled = "reception" }, "block no_number; never"},
		{"an emergency number", of(0, noon), func(f *Facts) { f.Dialled = "112" }, "block short_number; never"},
		{"a short number where they are free", of(0, noon), func(f *Facts) { f.Dialled, f.Rules.ShortNumbers = "118", directory.Off }, ""},
		{"premium rate", of(35860012345, noon), nil, "block premium; never"},
		{"premium rate, warned of", of(35860012345, noon), func(f *Facts) { f.Rules.Premium = directory.Warn }, "warn premium"},
		{"premium rate, allowed", of(35860012345, noon), func(f *Facts) { f.Standing.Allowed = 12 }, ""},
		{"do not call", of(maija, noon), func(f *Facts) { f.Standing.DoNotCall = true }, "block do_not_call; never"},
		{"do not call goes before allowed", of(maija, noon), func(f *Facts) { f.Standing = calling.Standing{DoNotCall: true, Allowed: 13} }, "block do_not_call; never"},
		{"blocked", of(maija, noon), func(f *Facts) { f.Standing.Blocked = 5 }, "block block_list; never"},
		{"blocked as closely as allowed", of(maija, noon), func(f *Facts) { f.Standing = calling.Standing{Blocked: 5, Allowed: 5} }, "block block_list; never"},
		{"allowed more closely", of(maija, noon), func(f *Facts) { f.Standing = calling.Standing{Blocked: 5, Allowed: 6} }, ""},
		{"on no allow list", of(maija, noon), func(f *Facts) { f.Rules.AllowList = directory.Block }, "block allow_list; never"},
		{"on one", of(maija, noon), func(f *Facts) { f.Rules.AllowList, f.Standing.Allowed = directory.Block, 3 }, ""},
		{"a country that is called", of(maija, noon), func(f *Facts) { f.Rules.Countries = []directory.Country{"FI"} }, ""},
		{"another", of(lisbon, noon), func(f *Facts) { f.Rules.Countries = []directory.Country{"FI"} }, "block country; never"},
		{"another, allowed", of(lisbon, noon), func(f *Facts) {
			f.Rules.Countries, f.Standing.Allowed = []directory.Country{"FI"}, 3
		}, ""},
		{"no country", of(870773111632, noon), func(f *Facts) { f.Rules.Countries = []directory.Country{"FI"} }, "block country; never"},
		{"a PIN is missing", of(maija, noon), func(f *Facts) { f.PIN = calling.PINMissing }, "block pin; never"},
		{"a PIN is wrong", of(maija, noon), func(f *Facts) { f.PIN = calling.PINWrong }, "block pin; never"},
		{"a PIN is right", of(maija, noon), func(f *Facts) { f.PIN = calling.PINRight }, ""},
		{"the last moment before the quiet hours", of(maija, at(1, 17, 59)), nil, ""},
		{"the first of them", of(maija, at(1, 18, 0)), nil, "block quiet_hours until 02 05:00; next 02 05:00"},
		{"after midnight", of(maija, at(2, 1, 0)), nil, "block quiet_hours until 02 05:00; next 02 05:00"},
		{"the end of them", of(maija, at(2, 5, 0)), nil, ""},
		{"quiet in one of two zones", of(lisbon, at(1, 7, 30)), nil, "block quiet_hours until 01 08:00; next 01 08:00"},
		{"quiet in the other", of(lisbon, at(1, 20, 30)), nil, "block quiet_hours until 02 07:00; next 02 08:00"},
		{"quiet, warned of", of(maija, at(1, 18, 0)), func(f *Facts) { f.Rules.InQuietHours = directory.Warn }, "warn quiet_hours until 02 05:00"},
		{"quiet, unheeded", of(maija, at(1, 18, 0)), func(f *Facts) { f.Rules.InQuietHours = directory.Off }, ""},
		{"no zone is known", of(870773111632, at(1, 18, 0)), func(f *Facts) { f.Hours = office }, "block quiet_hours until 02 05:00; warn outside_hours until 02 05:00; next 02 05:00"},
		{"closed", of(maija, at(3, 14, 0)), func(f *Facts) { f.Hours = office }, "warn outside_hours until 06 05:00"},
		{"closed, no call then", of(maija, at(3, 14, 0)), func(f *Facts) { f.Hours, f.Rules.OutsideHours = office, directory.Block }, "block outside_hours until 06 05:00; next 06 05:00"},
		{"tried often today", of(maija, noon), func(f *Facts) {
			f.Hours, f.PerDay, f.Tried = hoursOf(t, "always"), 2, []time.Time{at(1, 5, 0), at(1, 6, 0)}
		}, "block attempts_per_day until 01 21:00; next 02 05:00"},
		{"tried often yesterday", of(maija, noon), func(f *Facts) { f.PerDay, f.Tried = 1, []time.Time{at(0, 5, 0)} }, ""},
		{"tried often for the case", of(maija, noon), func(f *Facts) { f.Case, f.PerCase, f.Tries = true, 3, 3 }, "block attempts_per_case; never"},
		{"no limit", of(maija, noon), func(f *Facts) { f.Case, f.Tries = true, 300 }, ""},
		{"a closed case", of(maija, noon), func(f *Facts) { f.Case, f.Closed = true, true }, "block not_open; never"},
		{"another's case", of(maija, noon), func(f *Facts) { f.Case, f.HeldBy = true, "anna" }, "block taken; never"},
		{"the customer is on the line", of(maija, noon), func(f *Facts) { f.Case, f.OnLine = true, true }, "block calling_now; never"},
		{"what blocks stands before what warns", of(35860012345, at(1, 18, 0)), func(f *Facts) { f.Rules.Premium = directory.Warn }, "block quiet_hours until 02 05:00; warn premium; next 02 05:00"},
	} {
		if row.with != nil {
			row.with(&row.f)
		}
		if diff := cmp.Diff(row.want, said(Decide(&row.f))); diff != "" {
			t.Errorf("%s (-want +got)\n%s", row.name, diff)
		}
	}
}

func TestQuietHoursHoldInTheNightWhenClocksChange(t *testing.T) {
	for _, row := range []struct{ at, want string }{
		{"2026-03-28T22:30:00Z", "block quiet_hours until 29 05:00; next 29 05:00"}, // the clocks jump at 03:00: the night is an hour shorter
		{"2026-10-24T21:30:00Z", "block quiet_hours until 25 06:00; next 25 06:00"}, // and an hour longer
	} {
		at, err := time.Parse(time.RFC3339, row.at)
		if err != nil {
			t.Fatal(err)
		}
		f := of(maija, at)
		if got := said(Decide(&f)); got != row.want {
			t.Errorf("at %s: %s, want %s", row.at, got, row.want)
		}
	}
}

func TestThereIsNoNextTimeWhereItIsAlwaysNightSomewhere(t *testing.T) {
	f := of(maija, noon)
	f.Zones = []string{"Pacific/Auckland", "Europe/London", "America/Los_Angeles", "Asia/Tokyo"}
	f.Rules.QuietHours = directory.Range{From: 18 * 60, To: 33 * 60}
	if got := Decide(&f); !got.Blocked() || !got.Next.IsZero() {
		t.Errorf("got %s", said(got))
	}
}

// TestTheNextTimeIsTheFirstOneAtWhichNothingBlocks tries rules and times at random against the words of
// the rules themselves.
func TestTheNextTimeIsTheFirstOneAtWhichNothingBlocks(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	office := hoursOf(t, "office")
	numbers := []sip.Number{maija, lisbon, 12125550123, 79161234567, 5511961234567, 61412345678}
	effects := []directory.Effect{directory.Off, directory.Warn, directory.Block}
	for range 1000 {
		f := of(numbers[r.IntN(len(numbers))], noon.Add(time.Duration(r.Int64N(int64(400*24*time.Hour)))).Truncate(time.Second))
		from := r.IntN(24 * 60)
		f.Rules.QuietHours = directory.Range{From: from, To: from + 1 + r.IntN(12*60)}
		f.Rules.InQuietHours, f.Rules.OutsideHours, f.Rules.Attempts = effects[r.IntN(3)], effects[r.IntN(3)], effects[r.IntN(3)]
		if r.IntN(2) == 0 {
			f.Hours = office
		}
		f.PerDay = r.IntN(3)
		for range r.IntN(4) {
			f.Tried = append(f.Tried, f.At.Add(-time.Duration(r.Int64N(int64(36*time.Hour)))))
		}
		a := Decide(&f)
		if a.Next.IsZero() {
			continue // of long nights in many zones
		}
		again := f
		again.At = a.Next
		if b := Decide(&again); b.Blocked() {
			t.Fatalf("at %s it says %s, and then %s", f.At, said(a), said(b))
		}
		if !a.Blocked() {
			if !a.Next.Equal(f.At) {
				t.Fatalf("at %s nothing blocks, and next is %s", f.At, a.Next)
			}
			continue
		}
		for step := a.At; step.Before(a.Next); step = step.Add(17 * time.Minute) {
			again.At = step
			if b := Decide(&again); !b.Blocked() {
				t.Fatalf("at %s it says %s, and %s is free", f.At, said(a), step)
			}
		}
	}
}
