package dialogevent

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ErrDocument is returned for a body that is no dialog information document.
var ErrDocument = errors.New("dialogevent: no dialog information document")

// Bounds of a document.
const (
	maxDocument = 256 << 10 // bytes
	maxDialogs  = 2048
	maxText     = 512 // bytes of an identity or a name
)

// State is the state of a dialog (RFC 4235 §3.7.1).
type State uint8

// The states, in the order in which a dialog goes through them.
const (
	Unknown State = iota
	Trying
	Proceeding
	Early
	Confirmed
	Terminated
)

var stateWords = [...]string{"unknown", "trying", "proceeding", "early", "confirmed", "terminated"}

// String is the state in lower case.
func (s State) String() string { return stateWords[min(int(s), len(stateWords)-1)] }

// parseState reads a state. Kamailio writes one of them with a capital letter.
func parseState(s string) State {
	for i, word := range stateWords {
		if strings.EqualFold(strings.TrimSpace(s), word) {
			return State(i)
		}
	}
	return Unknown
}

// Direction says who began a dialog.
type Direction uint8

// The directions: Initiator means that the entity called, Recipient that it was called.
const (
	NoDirection Direction = iota
	Initiator
	Recipient
)

// Party is one side of a dialog. What was not told is empty.
type Party struct {
	Identity string // URI
	Display  string
	Target   string // URI of the device
}

// Dialog is one dialog of an entity (RFC 4235 §4.1.3). What was not told is empty.
type Dialog struct {
	ID                          string // unique among the entity's dialogs
	CallID, LocalTag, RemoteTag string
	Direction                   Direction
	State                       State
	Event                       string // what brought it to an end: cancelled, rejected, local-bye …
	Code                        int    // the response that did
	Local, Remote               Party
}

// Document tells the dialogs of an entity (RFC 4235 §4.1.2).
type Document struct {
	Entity  string // URI
	Version uint32
	Full    bool // all dialogs there are, not only those that changed
	Dialogs []Dialog
}

// xmlDocument is the form of a document; namespaces are not looked at, as PBXs get them wrong.
type xmlDocument struct {
	XMLName xml.Name    `xml:"dialog-info"`
	Version string      `xml:"version,attr"`
	State   string      `xml:"state,attr"`
	Entity  string      `xml:"entity,attr"`
	Dialogs []xmlDialog `xml:"dialog"`
}

type xmlDialog struct {
	ID        string `xml:"id,attr"`
	CallID    string `xml:"call-id,attr"`
	LocalTag  string `xml:"local-tag,attr"`
	RemoteTag string `xml:"remote-tag,attr"`
	Direction string `xml:"direction,attr"`
	State     struct {
		Word  string `xml:",chardata"`
		Event string `xml:"event,attr"`
		Code  string `xml:"code,attr"`
	} `xml:"state"`
	Local  xmlParty `xml:"local"`
	Remote xmlParty `xml:"remote"`
}

type xmlParty struct {
	Identity struct {
		URI     string `xml:",chardata"`
		Display string `xml:"display,attr"`
	} `xml:"identity"`
	Target struct {
		URI string `xml:"uri,attr"`
	} `xml:"target"`
}

// Parse reads a dialog information document. An error is ErrDocument.
func Parse(b []byte) (*Document, error) {
	if len(b) > maxDocument {
		return nil, fmt.Errorf("%w: %d bytes are too many", ErrDocument, len(b))
	}
	var x xmlDocument
	if err := xml.NewDecoder(bytes.NewReader(b)).Decode(&x); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDocument, err)
	}
	version, err := strconv.ParseUint(strings.TrimSpace(x.Version), 10, 32)
	if err != nil {
		return nil, fmt.Errorf("%w: version %q", ErrDocument, short(x.Version))
	}
	d := &Document{Entity: short(x.Entity), Version: uint32(version)}
	switch strings.ToLower(x.State) {
	case "full":
		d.Full = true
	case "partial":
	default:
		return nil, fmt.Errorf("%w: state %q", ErrDocument, short(x.State))
	}
	if len(x.Dialogs) > maxDialogs {
		return nil, fmt.Errorf("%w: %d dialogs are too many", ErrDocument, len(x.Dialogs))
	}
	for i := range x.Dialogs {
		d.Dialogs = append(d.Dialogs, x.Dialogs[i].dialog())
	}
	return d, nil
}

func (x *xmlDialog) dialog() Dialog {
	d := Dialog{
		ID: short(x.ID), CallID: short(x.CallID), LocalTag: short(x.LocalTag), RemoteTag: short(x.RemoteTag),
		State: parseState(x.State.Word), Event: short(strings.ToLower(x.State.Event)),
		Local: x.Local.party(), Remote: x.Remote.party(),
	}
	if n, err := strconv.Atoi(x.State.Code); err == nil && n >= 100 && n <= 699 {
		d.Code = n
	}
	switch strings.ToLower(x.Direction) {
	case "initiator":
		d.Direction = Initiator
	case "recipient":
		d.Direction = Recipient
	}
	return d
}

func (x *xmlParty) party() Party {
	return Party{Identity: short(x.Identity.URI), Display: short(x.Identity.Display), Target: short(x.Target.URI)}
}

// short trims a text to what may be kept of it.
func short(s string) string {
	s = strings.TrimSpace(s)
	return strings.Clone(s[:min(len(s), maxText)])
}
