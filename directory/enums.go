package directory

import "slices"

var (
	autoCloseNames    = []string{AutoCloseOff: "off", AutoCloseDialled: "dialled", AutoCloseAnswered: "answered"}
	vocabularyNames   = []string{VocabularyStandard: "standard", VocabularyEnreach: "enreach"}
	allocationNames   = []string{AllocationDue: "due", AllocationOldest: "oldest"}
	offerWayNames     = []string{OfferOff: "off", OfferApp: "app", OfferDevice: "device"}
	offerCasesNames   = []string{OfferRequests: "requests", OfferAll: "all"}
	roleNames         = []string{RoleAgent: "agent", RoleSupervisor: "supervisor", RoleApprover: "approver", RoleAdmin: "admin"}
	listKindNames     = []string{CallbackList: "callback", CallList: "call"}
	endpointKindNames = []string{EndpointOther: "other", EndpointVoicemail: "voicemail", EndpointIVR: "ivr", EndpointAnnouncement: "announcement"}
)

// UnmarshalText reads dialled, answered or off.
func (a *AutoClose) UnmarshalText(text []byte) error { return readName(a, text, autoCloseNames) }

// MarshalText writes what UnmarshalText reads.
func (a AutoClose) MarshalText() ([]byte, error) { return writeName(a, autoCloseNames) }

// UnmarshalText reads standard or enreach.
func (v *Vocabulary) UnmarshalText(text []byte) error { return readName(v, text, vocabularyNames) }

// MarshalText writes what UnmarshalText reads.
func (v Vocabulary) MarshalText() ([]byte, error) { return writeName(v, vocabularyNames) }

// UnmarshalText reads due or oldest.
func (a *Allocation) UnmarshalText(text []byte) error { return readName(a, text, allocationNames) }

// MarshalText writes what UnmarshalText reads.
func (a Allocation) MarshalText() ([]byte, error) { return writeName(a, allocationNames) }

// UnmarshalText reads off, app or device.
func (o *OfferWay) UnmarshalText(text []byte) error { return readName(o, text, offerWayNames) }

// MarshalText writes what UnmarshalText reads.
func (o OfferWay) MarshalText() ([]byte, error) { return writeName(o, offerWayNames) }

// String is the way as the file writes it.
func (o OfferWay) String() string { return nameOf(o, offerWayNames) }

// UnmarshalText reads requests or all.
func (o *OfferCases) UnmarshalText(text []byte) error { return readName(o, text, offerCasesNames) }

// MarshalText writes what UnmarshalText reads.
func (o OfferCases) MarshalText() ([]byte, error) { return writeName(o, offerCasesNames) }

// UnmarshalText reads agent, supervisor, approver or admin.
func (r *Role) UnmarshalText(text []byte) error { return readName(r, text, roleNames) }

// MarshalText writes what UnmarshalText reads.
func (r Role) MarshalText() ([]byte, error) { return writeName(r, roleNames) }

// String is the role as the file writes it.
func (r Role) String() string { return nameOf(r, roleNames) }

// UnmarshalText reads callback or call.
func (k *ListKind) UnmarshalText(text []byte) error { return readName(k, text, listKindNames) }

// MarshalText writes what UnmarshalText reads.
func (k ListKind) MarshalText() ([]byte, error) { return writeName(k, listKindNames) }

// UnmarshalText reads voicemail, ivr, announcement or other.
func (k *EndpointKind) UnmarshalText(text []byte) error { return readName(k, text, endpointKindNames) }

// MarshalText writes what UnmarshalText reads.
func (k EndpointKind) MarshalText() ([]byte, error) { return writeName(k, endpointKindNames) }

func readName[T ~uint8](to *T, text []byte, names []string) error {
	i := slices.Index(names, string(text))
	if i < 0 {
		return mistakef("%q is not known here; %s", text, suggest(string(text), names))
	}
	*to = T(i)
	return nil
}

func writeName[T ~uint8](v T, names []string) ([]byte, error) {
	if int(v) >= len(names) {
		return nil, mistakef("%d is none of %q", v, names)
	}
	return []byte(names[v]), nil
}

func nameOf[T ~uint8](v T, names []string) string {
	if int(v) >= len(names) {
		return "unknown"
	}
	return names[v]
}
