package directory

// Effect is what a rule about calling does when it speaks against a call. The zero value is what the company,
// or else Ringback, has for it.
type Effect uint8

// The effects.
const (
	EffectDefault Effect = iota
	Off                  // the rule is not looked at
	Warn                 // whoever calls is told, and may
	Block                // there is no call
)

var effectNames = []string{EffectDefault: "default", Off: "off", Warn: "warn", Block: "block"}

// UnmarshalText reads off, warn, block or default.
func (e *Effect) UnmarshalText(text []byte) error { return readName(e, text, effectNames) }

// MarshalText writes what UnmarshalText reads.
func (e Effect) MarshalText() ([]byte, error) { return writeName(e, effectNames) }

// String is the effect as the file writes it.
func (e Effect) String() string { return nameOf(e, effectNames) }

// DefaultCalling are the rules of a company that sets none.
func DefaultCalling() Calling {
	return Calling{
		DoNotCall: Block, BlockList: Block, AllowList: Off, OtherCountries: Block, Premium: Block, ShortNumbers: Block, PIN: Block,
		InQuietHours: Block, QuietHours: Range{From: 21 * 60, To: 32 * 60}, OutsideHours: Warn, Attempts: Block,
	}
}

// or are the rules with those of a wider place where none are set.
func (c Calling) or(wider Calling) Calling {
	for _, e := range [...]struct{ to, from *Effect }{
		{&c.DoNotCall, &wider.DoNotCall},
		{&c.BlockList, &wider.BlockList},
		{&c.AllowList, &wider.AllowList},
		{&c.OtherCountries, &wider.OtherCountries},
		{&c.Premium, &wider.Premium},
		{&c.ShortNumbers, &wider.ShortNumbers},
		{&c.PIN, &wider.PIN},
		{&c.InQuietHours, &wider.InQuietHours},
		{&c.OutsideHours, &wider.OutsideHours},
		{&c.Attempts, &wider.Attempts},
	} {
		if *e.to == EffectDefault {
			*e.to = *e.from
		}
	}
	if len(c.Countries) == 0 {
		c.Countries = wider.Countries
	}
	if c.QuietHours == (Range{}) {
		c.QuietHours = wider.QuietHours
	}
	return c
}

// Calling are the rules of the company: what its file sets, and the defaults.
func (d *Directory) Calling() Calling { return d.file.Calling.or(DefaultCalling()) }
