package asterisk

import (
	"strings"
	"time"

	"ringback/cti"
	"ringback/sip"
)

// Options of a Model.
type Options struct {
	Site *cti.Site // nil: not known yet, nothing is told until SetSite
	Sink cti.Sink
	// CallIDs says that an ARI feed tells the SIP Call-IDs: legs wait for theirs.
	CallIDs bool
	// Clock gives the time of an event on our clock, from its own and that of its arrival. Nil: its own.
	Clock func(at, arrival time.Time) time.Time
	// Began is told of every channel that a carrier's caller comes in on, when its leg begins. It must not
	// wait. Nil: nobody.
	Began func(id string)
	// MaxChannels bounds the channels followed at one time; the oldest is given up first: 20 000.
	MaxChannels int
}

// Model follows the channels of one Asterisk, from ARI events, AMI events or both, and tells package sip
// what they mean. It is owned by one goroutine at a time.
type Model struct {
	o        Options
	channels map[string]*channel
	halves   map[string]*channel // first halves of Local channels, by their common name
	bridges  map[string][]*channel
	order    []string      // ids as they came, for giving up the oldest
	shift    time.Duration // from the PBX's clock to ours, as it was with the latest event
	stats    Stats
}

// Stats are what a Model has counted.
type Stats struct {
	Channels int    // followed now
	Evicted  uint64 // given up as there were too many
	Unknown  uint64 // events of channels that were not seen to begin, and could not be taken up
}

// New makes a model of an Asterisk of which nothing is known yet.
func New(o Options) *Model {
	if o.MaxChannels <= 0 {
		o.MaxChannels = 20_000
	}
	return &Model{o: o, channels: map[string]*channel{}, halves: map[string]*channel{}, bridges: map[string][]*channel{}}
}

// Stats is what has been counted so far.
func (m *Model) Stats() Stats {
	s := m.stats
	s.Channels = len(m.channels)
	return s
}

// See takes a channel as it is now.
func (m *Model) See(at time.Time, now Channel) { m.see(at, now) }

// see finds or begins a channel and brings it up to date; nil when it has no id.
func (m *Model) see(at time.Time, now Channel) *channel {
	if now.ID == "" || isNoCall(now.Name) {
		return nil
	}
	c := m.channels[now.ID]
	if c == nil {
		if now.Name == "" {
			m.stats.Unknown++
			return nil
		}
		c = m.begin(at, now)
	}
	if c.over {
		return c
	}
	c.update(now)
	m.progress(at, c)
	return c
}

// begin follows a new channel.
func (m *Model) begin(at time.Time, now Channel) *channel {
	if len(m.channels) >= m.o.MaxChannels {
		m.evict()
	}
	c := &channel{Channel: now}
	if c.Created.IsZero() {
		c.Created = at
	}
	tech, rest, _ := strings.Cut(now.Name, "/")
	c.endpoint = rest
	if i := strings.LastIndexByte(rest, '-'); i > 0 {
		c.endpoint = rest[:i]
	}
	c.incoming = now.State == Ring || now.State == Up && !isOutgoing(now.App)
	if tech == "Local" {
		m.beginHalf(c, rest)
	} else if c.incoming {
		c.to = now.Exten
	}
	m.channels[now.ID] = c
	m.order = append(m.order, now.ID)
	return c
}

// beginHalf ties the halves of a Local channel: what dials the first dials through the second.
func (m *Model) beginHalf(c *channel, rest string) {
	c.local = true
	pair, half, _ := strings.Cut(rest, ";")
	if c.second = half == "2"; c.second {
		c.by = m.halves[pair]
		delete(m.halves, pair)
		return
	}
	m.halves[pair] = c
}

// evict gives up the channel that was followed longest.
func (m *Model) evict() {
	for len(m.order) > 0 {
		id := m.order[0]
		m.order = m.order[1:]
		if c := m.channels[id]; c != nil {
			m.forget(c)
			m.stats.Evicted++
			return
		}
	}
}

func (m *Model) forget(c *channel) {
	c.over = true
	m.leave(c)
	delete(m.channels, c.ID)
	if c.local && !c.second {
		pair, _, _ := strings.Cut(strings.TrimPrefix(c.Name, "Local/"), ";")
		delete(m.halves, pair)
	}
	if len(m.order) > 2*len(m.channels)+64 { // those that are gone are taken out now and then
		kept := m.order[:0]
		for _, id := range m.order {
			if m.channels[id] != nil {
				kept = append(kept, id)
			}
		}
		m.order = kept
	}
}

// progress tells what has become of a channel's leg, as far as it is known enough to be told.
func (m *Model) progress(at time.Time, c *channel) {
	if c.local {
		return
	}
	if c.leg == nil {
		if !m.ready(c) {
			return
		}
		m.invite(at, c)
	}
	switch c.State {
	case Ringing:
		c.leg.Ring(at)
	case Up:
		c.leg.Answer(at)
	default:
	}
	m.mailbox(at, c)
}

// ready says whether a leg's beginning can be told: who is called by whom, and its Call-ID.
func (m *Model) ready(c *channel) bool {
	if m.o.Site == nil {
		return false // nobody knows it yet
	}
	if c.CallID == "" && m.o.CallIDs && strings.HasPrefix(c.Name, "PJSIP/") {
		return false
	}
	return c.incoming || c.by != nil
}

// invite tells the beginning of a leg, and what causes it.
func (m *Model) invite(at time.Time, c *channel) {
	p := cti.Party{Endpoint: c.endpoint, Withheld: c.Hidden}
	phone := m.o.Site.Agent(c.endpoint)
	way := cti.FromCarrier
	root := c.root()
	switch {
	case c.incoming && phone:
		way = cti.FromAgent
		p.From, p.To = c.endpoint, c.to
	case c.incoming:
		p.From, p.To = c.Caller, c.to
	case phone:
		way = cti.ToAgent
		p.From, p.Withheld = root.number(c), root.Hidden
	default:
		way = cti.ToCarrier
		p.From, p.To, p.Withheld = c.Line, dialledNumber(c), root.Hidden
	}
	began := at
	if c.incoming && c.Created.Before(at) {
		began = c.Created
	}
	c.way = way
	c.leg = cti.NewLeg(m.o.Site, m.o.Sink, c.CallID, c.ID, way, p)
	if root != c && root.leg != nil {
		m.link(at, root, c)
	}
	c.leg.Invite(began)
	if way == cti.FromCarrier && m.o.Began != nil {
		m.o.Began(c.ID)
	}
}

// link tells that a leg is caused by another.
func (m *Model) link(at time.Time, cause, effect *channel) {
	if cause.leg == nil || effect.leg == nil || effect.links == cause.leg.CallID() {
		return
	}
	effect.links = cause.leg.CallID()
	m.o.Sink.Link(at, cause.leg.CallID(), effect.leg.CallID())
}

// mailbox tells that a caller is in voicemail, once.
func (m *Model) mailbox(at time.Time, c *channel) {
	if c.mailbox || !c.incoming || !isVoicemail(c.App) {
		return
	}
	c.mailbox = true
	m.fact(at, c, sip.Fact{Kind: sip.FactVoicemail})
}

// fact tells a fact of a channel's leg.
func (m *Model) fact(at time.Time, c *channel, f sip.Fact) {
	f.At, f.CallID, f.PBX = at.UnixNano(), c.leg.CallID(), c.leg.PBX()
	if c.way == cti.FromCarrier {
		f.Caller, f.Began = c.Caller, c.Created.UnixNano()
	}
	m.o.Sink.Fact(f)
}

// isVoicemail says whether a dialplan application takes messages.
func isVoicemail(app string) bool {
	switch strings.ToLower(app) {
	case "voicemail", "minivmrecord", "record":
		return true
	}
	return false
}

// Dial takes that one channel dials another, or how that fares. dialled is whom, as the dialplan has it.
func (m *Model) Dial(at time.Time, caller, peer Channel, dialled string) {
	by := m.see(at, caller)
	c := m.channels[peer.ID]
	if c == nil && peer.Name != "" && peer.ID != "" && !isNoCall(peer.Name) {
		c = m.begin(at, peer)
	}
	if c != nil && by != nil && !c.over && c.by == nil && !c.incoming && by != c && by.root() != c {
		c.by = by
		if c.dialled == "" {
			c.dialled = dialled
		}
	}
	m.see(at, peer)
}

// Hide takes that the caller on a channel withholds his number.
func (m *Model) Hide(at time.Time, id string) {
	c := m.channels[id]
	if c == nil || c.Hidden {
		return
	}
	c.Hidden = true
	if c.leg != nil {
		m.fact(at, c, sip.Fact{Kind: sip.FactWithheld})
	}
}

// SetSite puts another site in the place of the one there was, for legs that begin from now on.
func (m *Model) SetSite(s *cti.Site) { m.o.Site = s }

// SetCallIDs says whether an ARI feed tells the SIP Call-IDs from now on.
func (m *Model) SetCallIDs(told bool) { m.o.CallIDs = told }

// clock is the time of an event on our clock, and how far that is from its own.
func (m *Model) clock(at, arrival time.Time) (ours time.Time, shift time.Duration) {
	if m.o.Clock == nil {
		return at, 0
	}
	ours = m.o.Clock(at, arrival)
	m.shift = ours.Sub(at)
	return ours, m.shift
}

// coarse is how exactly an answer of HTTP tells the time: a second (RFC 9110 §5.6.7), and its way.
const coarse = 2 * time.Second

// shiftAt is how far the PBX's clock is from ours when it says that it is theirs o'clock: by events where those
// were heard and do not contradict.
func (m *Model) shiftAt(theirs, now time.Time) time.Duration {
	if m.o.Clock == nil {
		return 0
	}
	if theirs.IsZero() {
		return m.shift
	}
	shift := now.Sub(theirs)
	if (shift - m.shift).Abs() < coarse {
		return m.shift
	}
	return shift
}

// Held takes that the far side of a channel holds, or takes back.
func (m *Model) Held(at time.Time, ch Channel, held bool) {
	if c := m.see(at, ch); c != nil && c.leg != nil && !c.incoming {
		c.leg.Hold(at, held)
	}
}
