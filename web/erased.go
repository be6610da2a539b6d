package web

import "ringback/sip"

// Erased is what Options.Erase erased, or would erase.
type Erased struct {
	Numbers []sip.Number // of the person
	Contact string       // the id of his contact; empty when he had none
	Cases   []string     // ids
}

// EraseOptions say how much is erased.
type EraseOptions struct {
	DryRun     bool // tell what would be erased, and erase nothing
	OnlyNumber bool // not the contact and his other numbers
}
