package cases

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"ringback/directory"
	"ringback/sip"
	"ringback/store"
)

// Draft is a case to be made by hand, by a customer's request, from a call list or by another program. Only
// the list is needed.
type Draft struct {
	List       string
	Number     sip.Number // 0: none
	Caller     string     // another identity of a customer without a number
	Channel    Channel
	Name       string
	Topic      string
	Note       string
	Due        time.Time // zero: after the list's due_after
	Expires    time.Time // zero: when the list says
	Fields     map[string]string
	Personal   string // the agent it is meant for; empty: everybody
	ExternalID string // by which the same case given again is recognised; empty: none
	Voicemail  bool   // of a request: the customer left a message
}

// Create makes a case, and gives it back when it was made before by an act with the same id or for the
// same external id. A number that has an open case on the list is refused with ErrOtherOpen and that
// case's id in the *Refusal, unless it is shared. Whoever made it is not told of it.
func (c *Cases) Create(ctx context.Context, a Act, n Draft) (Done, error) {
	done, err := c.create(ctx, a, []Draft{n}, false)
	if err == nil {
		err = done.Outcomes[0].Err
	}
	if err != nil {
		return Done{}, err
	}
	return done, nil
}

// createAtOnce is how many cases one command makes.
const createAtOnce = 200

// Import makes many cases, in portions; each row on its own, so that one that is refused changes nothing
// for the others. Rows of a list with an external id that a case of the list has make none, and come
// with that case. Without dry nothing is written and the outcomes are what they would be, except that
// rows are not held against one another. Changes may be thousands, so they are told by portion; tell
// may be nil.
//
// The outcomes are in the order of the rows. After an error some of the rows may be made; the same
// act given again makes the others.
func (c *Cases) Import(ctx context.Context, a Act, rows []Draft, dry bool, tell func([]Change)) ([]Outcome, error) {
	all := make([]Outcome, 0, len(rows))
	for portion := range slices.Chunk(rows, createAtOnce) {
		b := a
		if a.ID != "" {
			b.ID = a.ID + "/" + strconv.Itoa(len(all))
		}
		done, err := c.create(ctx, b, portion, dry)
		if err != nil {
			return all, err
		}
		all = append(all, done.Outcomes...)
		if tell != nil && len(done.Changes) > 0 {
			tell(done.Changes)
		}
	}
	return all, nil
}

// kindCreate is the command that makes cases.
const kindCreate = "cases.create"

// creating is its data.
type creating struct {
	Act
	Rows []Draft
	Dry  bool
}

func (c *Cases) create(ctx context.Context, a Act, rows []Draft, dry bool) (Done, error) {
	a.At = a.At.UTC().Round(0)
	if len(a.ID) > maxText || len(a.Agent) > maxText || len(a.Note) > maxWords {
		return Done{}, fmt.Errorf("%w: a text is too long", ErrInput)
	}
	if dry {
		return c.createDry(ctx, creating{a, rows, true})
	}
	numbers := make([]sip.Number, len(rows))
	for i := range rows {
		numbers[i] = rows[i].Number
	}
	c.expect(numbers, 1)
	defer c.expect(numbers, -1)
	return c.do(ctx, kindCreate, a.ID, a.At, creating{a, rows, false})
}

// expect notes that commands on their way may open cases of the numbers, or with -1 that they are done: the
// calls of these numbers are looked at, whether there is a case or not.
func (c *Cases) expect(numbers []sip.Number, by int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, n := range numbers {
		if n != 0 {
			known := c.of(n)
			known.pending += by
			c.drop(known)
		}
	}
}

// createDry runs the command and takes it back.
func (c *Cases) createDry(ctx context.Context, d creating) (Done, error) {
	_, err := c.st.Do(ctx, store.Command{ID: d.ID, Kind: kindCreate, At: d.At, Data: d})
	if would, ok := errors.AsType[*wouldBe](err); ok {
		return Done{Outcomes: would.done}, nil
	}
	return Done{}, err
}

// wouldBe is what a dry run says.
type wouldBe struct{ done []Outcome }

func (*wouldBe) Error() string { return "cases: not done, only tried" }

func (c *Cases) applyCreate(tx *store.Tx, cmd store.Command) (any, error) {
	d, ok := cmd.Data.(creating)
	if !ok {
		return nil, fmt.Errorf("cases: %s with data of type %T", cmd.Kind, cmd.Data)
	}
	l := c.begin(tx, cmd.At)
	l.doer = d.doer()
	l.doer.many = len(d.Rows) > 1
	l.doneBefore(&d.Act)
	for i := range d.Rows {
		if i < len(l.result.done) && l.result.done[i].ID != "" {
			continue // it was made before
		}
		id, err := l.create(&d.Act, &d.Rows[i], strconv.Itoa(i))
		if o := (Outcome{ID: id, Err: err}); i < len(l.result.done) {
			l.result.done[i] = o
		} else {
			l.result.done = append(l.result.done, o)
		}
	}
	if d.Dry {
		if l.err != nil {
			return nil, l.err
		}
		return nil, &wouldBe{l.result.done}
	}
	return l.acting(&d.Act)
}

// create makes one case and says which it is, or which there was already.
func (l *ledger) create(a *Act, n *Draft, salt string) (id string, err error) {
	list, known := l.dir.List(n.List)
	if !known {
		return "", &Refusal{Err: ErrNoList}
	}
	if err := n.check(l.at); err != nil {
		return "", err
	}
	if n.Personal != "" && n.Personal != a.Agent && !l.dir.Member(n.Personal, n.List) {
		return "", &Refusal{Err: &FieldError{"personal", ErrNotMember}}
	}
	if n.ExternalID != "" {
		if b, ok := l.tx.Get(externalKey(n.List, n.ExternalID)); ok {
			l.record(string(b))
			return string(b), nil
		}
	}
	r := &record{List: n.List, Number: n.Number, State: Open, Opened: l.at, Since: l.at}
	if r.Number == 0 {
		r.Caller = clip(n.Caller)
	}
	if other := l.other(r); other != "" {
		return other, &Refusal{Err: ErrOtherOpen, Other: other}
	}
	h := l.customerOf(r)
	r.Previous = h.on(n.List).last
	l.identify(r, h.key, a.ID+"/"+a.Agent+"/"+salt)
	l.records = append(l.records, r)
	r.Channel, r.CreatedBy, r.ExternalID = n.Channel, a.Agent, n.ExternalID
	r.Name, r.Topic, r.Note, r.LastNote, r.Fields = n.Name, n.Topic, n.Note, a.Note, maps.Clone(n.Fields)
	if n.Channel == ChannelRequest {
		r.Requests = 1
	}
	l.times(r, n, list)
	if n.Personal != "" {
		l.personal(r, n.Personal)
	}
	if n.ExternalID != "" {
		l.tx.Set(externalKey(n.List, n.ExternalID), []byte(r.ID))
	}
	l.change(r, Entry{Event: Opened, Reason: n.reason(), Agent: a.Agent, Note: a.Note})
	l.opened(r)
	l.showLive(h, r)
	l.refresh(r)
	return r.ID, nil
}

// check looks at what can be seen without the store.
func (n *Draft) check(now time.Time) error {
	err := cmp.Or(
		checkText("caller", n.Caller, maxLine), checkText("name", n.Name, maxLine), checkText("topic", n.Topic, maxLine),
		checkText("external_id", n.ExternalID, maxLine), checkText("note", n.Note, maxWords),
		checkTime("due", n.Due), checkTime("expires", n.Expires), checkFields(n.Fields),
	)
	switch {
	case err != nil:
		return err
	case !n.Expires.IsZero() && !n.Expires.After(later(now, n.Due)):
		return wrong("expires", "it would expire before it is due")
	case int(n.Channel) >= len(channelWords):
		return wrong("channel_in", "no such channel")
	}
	return nil
}

// reason is what the history says of how the case came to be.
func (n *Draft) reason() string {
	if n.Voicemail {
		return sip.Voicemail.String()
	}
	return n.Channel.String()
}

// times works out when a new case is due and expires.
func (l *ledger) times(r *record, n *Draft, list *directory.List) {
	r.Due = n.Due.UTC()
	if n.Due.IsZero() {
		r.Due = list.Hours.Add(l.at, list.Policy.DueAfter).UTC()
	} else if n.Due.After(l.at) {
		r.Scheduled, r.NotBefore = r.Due, r.Due
	}
	l.setExpiry(r, n.Expires)
}
