package configs

import "time"

// Voicemail says how callers leave messages.
type Voicemail struct {
	// The keys that messages are encrypted with, one per line, the newest on top: `ringback messages new-key FILE` makes
	// them. Without its keys a message cannot be heard by anybody; keep a copy where the backups are not. It is read again
	// on reload. Empty: nobody can leave a message.
	//
	// Example: /etc/ringback/messages.key
	KeyFile string `yaml:"key_file"`

	// How long a message may be.
	Limit time.Duration `yaml:"limit"`

	// How long nobody says anything until a message is over.
	Silence time.Duration `yaml:"silence"`

	// How much somebody has to say that it is a message, silence not counted.
	Shortest time.Duration `yaml:"shortest"`

	// How many are recorded at once. Further callers are not offered to leave one.
	AtOnce int `yaml:"at_once"`

	// How much space all messages may take. A minute takes 940 KiB. When it is used up nobody is offered to leave one.
	Space Size `yaml:"space"`

	// How many days messages are kept, at most as long as their cases. 0: as long as these.
	Days int `yaml:"days" reload:"live"`
}

// maxDays is how long messages are kept at most: ten years.
const maxDays = 3660

// validateVoicemail checks the section voicemail.
func (c *Config) validateVoicemail(v *validation) {
	m := &c.Voicemail
	v.require(m.Limit >= 5*time.Second && m.Limit <= time.Hour, "voicemail.limit", "%s is out of range; write 5s to 1h", m.Limit)
	v.require(m.Silence >= time.Second && m.Silence <= m.Limit, "voicemail.silence", "%s is out of range; write from 1s to voicemail.limit, %s", m.Silence, m.Limit)
	v.require(m.Shortest >= 100*time.Millisecond && m.Shortest <= 10*time.Second, "voicemail.shortest", "%s is out of range; write 100ms to 10s", m.Shortest)
	v.require(m.AtOnce >= 1 && m.AtOnce <= 10_000, "voicemail.at_once", "%d is out of range; write from 1 to 10000", m.AtOnce)
	v.require(m.Space >= 1<<20, "voicemail.space", "%s is too little; write 1MiB or more", m.Space)
	v.require(m.Days >= 0 && m.Days <= maxDays, "voicemail.days", "%d is out of range; write from 0 to %d", m.Days, maxDays)
}
