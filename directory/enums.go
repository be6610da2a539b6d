package directory

import "slices"

var (
	autoCloseNames    = []string{AutoCloseOff: "off", AutoCloseDialled: "dialled", AutoCloseAnswered: "answered"}
	vocabularyNames   = []string{VocabularyStandard: "standard", VocabularyEnreach: "enreach"}
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
