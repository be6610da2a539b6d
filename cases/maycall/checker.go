package maycall

import (
	"errors"
	"fmt"
	"time"

	"ringback/cases"
	"ringback/directory"
	"ringback/directory/calling"
	"ringback/sip"
)

// Checker gathers what is known of a call and decides. Its methods may be called from any goroutine.
type Checker struct {
	Directory func() *directory.Directory // the one in force
	Lists     *calling.Lists
	Cases     *cases.Cases
}

// Question is a call that somebody wants to make.
type Question struct {
	At    time.Time
	Agent string // who calls; empty: nobody in particular
	PIN   string // that he gave
	Who   string // who gave it, where that is not the agent: a program's name

	Number  sip.Number // of a case: to be called instead of the case's own; 0: that
	Dialled string     // what was typed, where it is no E.164 number

	Supervises bool // he may call for cases that others have
	Schedules  bool // the call is to be scheduled: what is so just now says nothing of it
	PINGiven   bool // the PIN was given when the call was scheduled
}

// Case says whether the customer of a case may be called.
func (c *Checker) Case(of *cases.Case, q Question) (Answer, error) {
	f := Facts{
		Number: of.Number, Dialled: of.Caller, Case: true, Closed: of.State != cases.Open, Tries: of.Attempts, OnLine: of.CallingNow,
	}
	if q.Number != 0 || q.Dialled != "" {
		f.Number, f.Dialled = q.Number, q.Dialled
	}
	if of.Assignee != "" && of.Assignee != q.Agent && !q.Supervises {
		f.HeldBy = of.Assignee
	}
	if q.Schedules {
		f.OnLine = false
	}
	if of.KeepOpen || q.Schedules || !of.Scheduled.IsZero() {
		f.Tries = 0 // nobody gives up on what a person wants to be called
	}
	return c.check(&f, &q, of.List)
}

// Number says whether a number may be called for a list, or for none.
func (c *Checker) Number(list string, q Question) (Answer, error) {
	f := Facts{Number: q.Number, Dialled: q.Dialled}
	return c.check(&f, &q, list)
}

// check fills in what stands in the directory and the store.
func (c *Checker) check(f *Facts, q *Question, list string) (Answer, error) {
	d := c.Directory()
	f.At, f.Rules, f.Country = q.At, d.Calling(), string(d.Country(list))
	if l, known := d.List(list); known {
		f.Rules, f.Hours, f.PerCase, f.PerDay = l.Calling, l.Hours, l.Policy.AttemptsPerCase, l.Policy.AttemptsPerDay
	}
	if f.Number == 0 {
		return Decide(f), nil
	}
	f.Kind, f.Region, f.Zones = f.Number.Kind(), f.Number.Region(), f.Number.Zones()
	var err error
	if f.Standing, err = c.Lists.Of(f.Number, q.Agent); err != nil {
		return Answer{}, fmt.Errorf("maycall: looking the number up: %w", err)
	}
	if f.Tried, err = c.Cases.Tried(f.Number); err != nil {
		return Answer{}, fmt.Errorf("maycall: looking the attempts up: %w", err)
	}
	who := q.Who
	if who == "" {
		who = q.Agent
	}
	if q.PINGiven {
		return Decide(f), nil
	}
	if f.PIN, err = c.Lists.CheckPIN(calling.ClassesOf(f.Number, f.Country), q.PIN, who, q.At); err != nil && !errors.Is(err, calling.ErrTries) {
		return Answer{}, fmt.Errorf("maycall: checking the PIN: %w", err)
	}
	return Decide(f), nil
}
