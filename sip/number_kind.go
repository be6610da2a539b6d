package sip

import (
	"github.com/nyaruka/phonenumbers"
)

// NumberKind is what the numbering plan of its country has a number for. The zero value is unknown.
type NumberKind uint8

// The kinds of numbers. FixedOrMobile is of countries whose numbers do not show which they are.
const (
	NumberUnknown NumberKind = iota // none that the plan tells of
	FixedLine
	Mobile
	FixedOrMobile
	TollFree
	PremiumRate
	SharedCost
	VoIP
	PersonalNumber
	Pager
	CompanyNumber   // one number for all sites of a company
	VoicemailNumber // leads to somebody's voicemail
)

var numberKindWords = [...]string{
	NumberUnknown: "unknown", FixedLine: "fixed", Mobile: "mobile", FixedOrMobile: "fixed_or_mobile", TollFree: "toll_free",
	PremiumRate: "premium", SharedCost: "shared_cost", VoIP: "voip", PersonalNumber: "personal", Pager: "pager",
	CompanyNumber: "company", VoicemailNumber: "voicemail",
}

// String returns the kind in snake_case, as "premium".
func (k NumberKind) String() string {
	if int(k) < len(numberKindWords) {
		return numberKindWords[k]
	}
	return numberKindWords[NumberUnknown]
}

// numberKinds are the kinds by libphonenumber's types.
var numberKinds = map[phonenumbers.PhoneNumberType]NumberKind{
	phonenumbers.FIXED_LINE: FixedLine, phonenumbers.MOBILE: Mobile, phonenumbers.FIXED_LINE_OR_MOBILE: FixedOrMobile,
	phonenumbers.TOLL_FREE: TollFree, phonenumbers.PREMIUM_RATE: PremiumRate, phonenumbers.SHARED_COST: SharedCost,
	phonenumbers.VOIP: VoIP, phonenumbers.PERSONAL_NUMBER: PersonalNumber, phonenumbers.PAGER: Pager,
	phonenumbers.UAN: CompanyNumber, phonenumbers.VOICEMAIL: VoicemailNumber,
}

// Kind is what the numbering plan has the number for.
func (n Number) Kind() NumberKind {
	p := n.parsed()
	if p == nil {
		return NumberUnknown
	}
	return numberKinds[phonenumbers.GetNumberType(p)]
}

// Region is the country or territory that the number is of, as ISO 3166-1 alpha-2 code. It is "001" for
// numbers of no country, as satellite phones have, and empty for one with a calling code that nobody has.
func (n Number) Region() string {
	p := n.parsed()
	if p == nil {
		return ""
	}
	if region := phonenumbers.GetRegionCodeForNumber(p); region != "" {
		return region
	}
	return phonenumbers.GetRegionCodeForCountryCode(int(p.GetCountryCode())) // the range is newer than the metadata
}

// Zones are the time zones that whoever has the number may be in, by names of the IANA database: those of
// its area or, for a mobile number, of its country. None where nothing is known.
func (n Number) Zones() []string {
	p := n.parsed()
	if p == nil {
		return nil
	}
	zones, err := phonenumbers.GetTimezonesForNumber(p)
	if err != nil || len(zones) == 1 && zones[0] == phonenumbers.UNKNOWN_TIMEZONE {
		return nil
	}
	return zones
}

// parsed is the number as the library has it, nil for one that cannot be.
func (n Number) parsed() *phonenumbers.PhoneNumber {
	if n == 0 {
		return nil
	}
	p, err := phonenumbers.Parse(n.String(), phonenumbers.UNKNOWN_REGION)
	if err != nil {
		return nil
	}
	return p
}

// IsShortNumber says whether what was dialled in a country, an ISO 3166-1 alpha-2 code, is a short number there, as
// of the emergency services, directory enquiries or a paid service: digits only, and no E.164 number.
func IsShortNumber(dialled, country string) bool {
	if !isDigits(dialled) || len(dialled) > maxShortDigits {
		return false
	}
	if phonenumbers.IsEmergencyNumber(dialled, country) {
		return true
	}
	p, err := phonenumbers.Parse(dialled, country)
	return err == nil && phonenumbers.IsPossibleShortNumberForRegion(p, country)
}

// maxShortDigits is more than any short number has.
const maxShortDigits = 8
