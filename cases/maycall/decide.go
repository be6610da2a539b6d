package maycall

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"ringback/directory"
	"ringback/directory/calling"
	"ringback/sip"
)

// Rule names a rule that can speak against a call. API, logs and tests share the words.
type Rule string

// The rules, in the order in which they are told.
const (
	RuleNumber          Rule = "no_number"         // there is nothing that could be dialled
	RuleClosed          Rule = "not_open"          // the case is closed
	RuleTaken           Rule = "taken"             // another agent has the case
	RuleCallingNow      Rule = "calling_now"       // the customer is on the line right now
	RuleDoNotCall       Rule = "do_not_call"       // he does not want to be called
	RuleBlockList       Rule = "block_list"        // the company does not call the number
	RuleAllowList       Rule = "allow_list"        // only numbers of the allow lists are called
	RuleCountry         Rule = "country"           // the country is not called
	RulePremium         Rule = "premium"           // the call costs more than others
	RuleShortNumber     Rule = "short_number"      // of the emergency services, say
	RulePIN             Rule = "pin"               // calls to such numbers need a PIN
	RuleAttemptsPerCase Rule = "attempts_per_case" // it was tried as often as the list allows
	RuleAttemptsPerDay  Rule = "attempts_per_day"  // likewise the number, today
	RuleQuietHours      Rule = "quiet_hours"       // it is night where the customer may be
	RuleOutsideHours    Rule = "outside_hours"     // the list is closed
)

// Finding is one rule that speaks against a call.
type Finding struct {
	Rule   Rule
	Effect directory.Effect // Warn or Block
	Reason string           // a sentence for people
	Until  time.Time        // when the rule, by itself, no longer speaks against it; zero: time does not help
}

// Answer is what the rules say of a call.
type Answer struct {
	At       time.Time // when the call would be
	Findings []Finding // those that block first
	Next     time.Time // the earliest time, from At on, at which nothing blocks; zero when none is known
	Zones    []string  // where the customer may be
}

// Blocked says whether there may be no call.
func (a *Answer) Blocked() bool {
	return len(a.Findings) > 0 && a.Findings[0].Effect == directory.Block
}

// Warned says whether whoever calls is to be told something first.
func (a *Answer) Warned() bool { return len(a.Findings) > 0 && !a.Blocked() }

// By says whether a rule is among the findings.
func (a *Answer) By(r Rule) bool {
	return slices.ContainsFunc(a.Findings, func(f Finding) bool { return f.Rule == r })
}

// Facts are all that the decision rests on.
type Facts struct {
	At      time.Time
	Number  sip.Number
	Dialled string // what was typed, where it is no E.164 number
	Country string // the country it would be dialled in
	Rules   directory.Calling
	Hours   *directory.Hours // of the list; nil: always open

	Kind     sip.NumberKind // of the number, with its region and time zones
	Region   string
	Zones    []string
	Standing calling.Standing
	PIN      calling.PINState

	Case    bool   // the call is for a case; else the next four say nothing
	Closed  bool   // it is
	HeldBy  string // another agent has it
	Tries   int    // to reach the customer, of the case
	PerCase int    // how many its list allows; 0: any number
	OnLine  bool   // the customer is on the line right now

	Tried  []time.Time // when it was tried to reach the number
	PerDay int         // how often the list allows that on one day; 0: any number

	places []*time.Location // the time zones of the customer
}

// Decide says which rules speak against a call.
func Decide(known *Facts) Answer {
	own := *known
	f := &own
	f.places = f.locations()
	a := Answer{At: f.At, Zones: f.Zones}
	f.number(&a)
	f.customer(&a)
	f.costs(&a)
	f.attempts(&a)
	f.hours(&a)
	slices.SortStableFunc(a.Findings, func(x, y Finding) int { return int(y.Effect) - int(x.Effect) })
	a.Next = f.next(&a)
	return a
}

// find notes that a rule speaks against the call.
func (a *Answer) find(r Rule, e directory.Effect, until time.Time, format string, args ...any) {
	if e == directory.Warn || e == directory.Block {
		a.Findings = append(a.Findings, Finding{r, e, fmt.Sprintf(format, args...), until})
	}
}

// number looks at whether there is a number and a case to call for.
func (f *Facts) number(a *Answer) {
	never := time.Time{}
	switch {
	case f.Number != 0:
	case sip.IsShortNumber(f.Dialled, f.Country):
		a.find(RuleShortNumber, f.Rules.ShortNumbers, never, "%s is a short number.", f.Dialled)
	default:
		a.find(RuleNumber, directory.Block, never, "There is no number that could be called.")
	}
	switch {
	case !f.Case:
	case f.Closed:
		a.find(RuleClosed, directory.Block, never, "The case is closed.")
	case f.HeldBy != "":
		a.find(RuleTaken, directory.Block, never, "Somebody else has the case.")
	}
	if f.OnLine {
		a.find(RuleCallingNow, directory.Block, never, "The customer is calling right now.")
	}
}

// listed says whether the allow lists, and not the block list, have the number.
func (f *Facts) listed() bool { return f.Standing.Allowed > f.Standing.Blocked }

// customer looks at the lists of numbers.
func (f *Facts) customer(a *Answer) {
	never := time.Time{}
	if f.Standing.DoNotCall {
		a.find(RuleDoNotCall, f.Rules.DoNotCall, never, "The number is on the do-not-call list.")
	}
	switch {
	case f.listed():
	case f.Standing.Blocked > 0:
		a.find(RuleBlockList, f.Rules.BlockList, never, "The number is on the block list.")
	case f.Number != 0:
		a.find(RuleAllowList, f.Rules.AllowList, never, "The number is on no allow list.")
	}
}

// costs looks at where the number leads and what it costs.
func (f *Facts) costs(a *Answer) {
	never := time.Time{}
	if f.Number != 0 && !f.listed() {
		if len(f.Rules.Countries) > 0 && !slices.Contains(f.Rules.Countries, directory.Country(f.Region)) {
			a.find(RuleCountry, f.Rules.OtherCountries, never, "Numbers of %s are not called.", regionName(f.Region))
		}
		switch f.Kind {
		case sip.PremiumRate:
			a.find(RulePremium, f.Rules.Premium, never, "It is a premium-rate number.")
		case sip.SharedCost:
			a.find(RulePremium, f.Rules.Premium, never, "It is a number whose caller pays a part of its cost.")
		default:
		}
	}
	switch f.PIN {
	case calling.PINMissing:
		a.find(RulePIN, f.Rules.PIN, never, "Calls to such numbers need a PIN.")
	case calling.PINWrong:
		a.find(RulePIN, f.Rules.PIN, never, "The PIN is wrong.")
	default:
	}
}

// regionName is a region for people.
func regionName(region string) string {
	switch region {
	case "":
		return "an unknown country"
	case "001":
		return "no country"
	}
	return region
}

// attempts looks at how often it was tried to reach the customer.
func (f *Facts) attempts(a *Answer) {
	if f.Case && f.PerCase > 0 && f.Tries >= f.PerCase {
		a.find(RuleAttemptsPerCase, f.Rules.Attempts, time.Time{}, "The customer was called %s for this case.", times(f.Tries))
	}
	if n, until := f.triedOn(f.At); !until.IsZero() {
		a.find(RuleAttemptsPerDay, f.Rules.Attempts, until, "The number was called %s that day.", times(n))
	}
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// triedOn is how often the number was tried on the day of a time and, where that is too often, when the day ends.
func (f *Facts) triedOn(at time.Time) (n int, until time.Time) {
	zone := f.Hours.Location()
	y, m, d := at.In(zone).Date()
	for _, t := range f.Tried {
		if ty, tm, td := t.In(zone).Date(); ty == y && tm == m && td == d {
			n++
		}
	}
	if f.PerDay <= 0 || n < f.PerDay {
		return n, time.Time{}
	}
	return n, time.Date(y, m, d+1, 0, 0, 0, 0, zone)
}

// hours looks at what time it is, there and here.
func (f *Facts) hours(a *Answer) {
	if zone, until := f.quiet(f.At); !until.IsZero() {
		text, _ := f.Rules.QuietHours.MarshalText() // it was read from the directory
		a.find(RuleQuietHours, f.Rules.InQuietHours, until, "It is %s in %s, where the customer may be, and nobody is called from %s.",
			f.At.In(zone).Format("15:04"), zone, strings.Replace(string(text), "-", " to ", 1))
	}
	if !f.Hours.Open(f.At) {
		a.find(RuleOutsideHours, f.Rules.OutsideHours, f.Hours.NextOpen(f.At), "The list is closed.")
	}
}

// quiet says in which of the customer's time zones, if any, the quiet hours are, and when they end there: of several the
// one in which they end last.
func (f *Facts) quiet(at time.Time) (zone *time.Location, until time.Time) {
	if f.Rules.QuietHours == (directory.Range{}) || f.Number == 0 {
		return nil, until
	}
	for _, z := range f.places {
		if end := quietUntil(f.Rules.QuietHours, at, z); end.After(until) {
			zone, until = z, end
		}
	}
	return zone, until
}

// locations are the time zones of the customer; of a number that tells of none, the list's.
func (f *Facts) locations() []*time.Location {
	var all []*time.Location
	for _, name := range f.Zones {
		if z, err := time.LoadLocation(name); err == nil {
			all = append(all, z)
		}
	}
	if len(all) == 0 {
		all = append(all, f.Hours.Location())
	}
	return all
}

// quietUntil is when the quiet hours that a time lies in end; zero when it lies in none.
func quietUntil(quiet directory.Range, at time.Time, zone *time.Location) time.Time {
	y, m, d := at.In(zone).Date()
	for day := d - 1; day <= d; day++ {
		from := time.Date(y, m, day, 0, quiet.From, 0, 0, zone)
		to := time.Date(y, m, day, 0, quiet.To, 0, 0, zone)
		if !at.Before(from) && at.Before(to) {
			return to
		}
	}
	return time.Time{}
}

// horizon is how far ahead a time is looked for at which nothing blocks.
const horizon = 400 * 24 * time.Hour

// next is the earliest time at which nothing blocks; zero when something does that time does not help with.
func (f *Facts) next(a *Answer) time.Time {
	if !a.Blocked() {
		return f.At
	}
	for i := range a.Findings {
		if x := &a.Findings[i]; x.Effect == directory.Block && x.Until.IsZero() {
			return time.Time{}
		}
	}
	for t := f.At; t.Sub(f.At) < horizon; {
		later := f.later(t)
		if !later.After(t) {
			return t
		}
		t = later
	}
	return time.Time{}
}

// later is the time at which what blocks at t alone because of the time no longer does; not after t when
// nothing does.
func (f *Facts) later(t time.Time) time.Time {
	next := t
	put := func(e directory.Effect, until time.Time) {
		if e == directory.Block && until.After(next) {
			next = until
		}
	}
	_, quiet := f.quiet(t)
	put(f.Rules.InQuietHours, quiet)
	if !f.Hours.Open(t) {
		put(f.Rules.OutsideHours, f.Hours.NextOpen(t))
	}
	_, day := f.triedOn(t)
	put(f.Rules.Attempts, day)
	return next
}
