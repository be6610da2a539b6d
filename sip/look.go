package sip

// sight is what one look at an INVITE hop tells: who, to whom, between which places, what for.
type sight struct {
	ends
	from, to identity
	role     role
	phone    *agent // of roleAgent
	mobile   bool
	guessed  bool // the phone is known by nothing but that a PBX rings it
}

// look classifies the hop that an INVITE, or a response to one, travels on.
func (t *Tracker) look(m *Message) sight {
	m.Read()
	s := sight{ends: t.endsOf(m)}
	s.from = t.callerOf(m, &s.ends)
	if s.phone = t.phoneOf(m, &s.ends); s.phone != nil {
		s.role, s.to = roleAgent, identity{kind: idAgent, agent: s.phone}
		return s
	}
	s.to = t.calleeOf(m, &s.ends)
	fromPBX, toPBX := s.src.kind == placePBX, s.dst.kind == placePBX
	switch {
	case s.dst.kind == placeEndpoint, fromPBX && !toPBX && s.to.kind == idEndpoint:
		s.role = roleEndpoint
	case fromPBX && !toPBX && s.to.kind == idOwn && t.site.mobiles[s.to.number] != nil:
		s.role, s.phone, s.mobile = roleAgent, s.to.agent, true
	case fromPBX && s.to.kind == idUnknown && s.dst.kind == placeUnknown:
		s.phone = t.guess(m, &s.ends)
		s.role, s.guessed = roleAgent, s.phone != nil
		if !s.guessed {
			s.role = roleOut
		}
	case fromPBX && !toPBX, s.dst.kind == placeTrunk, fromPBX && s.to.kind == idExternal,
		!toPBX && s.from.kind == idService && s.to.kind == idExternal:
		s.role = roleOut
	default:
		s.role = roleIn
		if s.from.kind == idOwn && s.to.kind == idExternal && t.site.mobiles[s.from.number] != nil {
			s.from.kind = idAgent // he calls out by way of the PBX
		}
	}
	return s
}

// guess is the agent of a phone that is neither listed nor seen to register: somebody's, as a PBX
// rings it. He has the name of his extension, or what a PBX that tells of him calls his phone, or else the
// phone's address.
func (t *Tracker) guess(m *Message, e *ends) *agent {
	user := requestURI(m).User
	if len(user) > 0 && (m.Told && len(user) <= maxPhoneName || len(user) <= maxExtension && isDigits(user)) {
		return t.learn(string(user))
	}
	return t.learn(e.dstAt.Addr().String())
}

// maxExtension is the most digits that an extension has; what is longer may be a number.
const maxExtension = 6

// maxPhoneName bounds the name of a phone.
const maxPhoneName = 32
