package configs

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
)

// HintWay is a way by which hints go to phones at an Asterisk.
type HintWay string

// The ways of hints.
const (
	HintMessage     HintWay = "message"      // our own SIP MESSAGE
	HintSendText    HintWay = "send_text"    // AMI's SendText
	HintMessageSend HintWay = "message_send" // AMI's MessageSend
)

// Ways are the ways of hints to phones at the Asterisk, the best first.
func (a *Asterisk) Ways() []HintWay {
	switch {
	case len(a.HintWays) > 0:
		return a.HintWays
	case a.AMIAddress == "":
		return []HintWay{HintMessage}
	}
	return []HintWay{HintMessage, HintSendText, HintMessageSend}
}

// validateHintWays checks the ways of one of the list asterisks.
func (a *Asterisk) validateHintWays(v *validation, key string) {
	for i, w := range a.HintWays {
		at := fmt.Sprintf("%s.hint_ways[%d]", key, i)
		switch w {
		case HintSendText, HintMessageSend:
			v.require(a.AMIAddress != "", at, "%s goes by AMI; set %s.ami_address", w, key)
		case HintMessage:
		default:
			v.require(false, at, "%q is no way of a hint; write message, send_text or message_send", string(w))
		}
		v.require(!slices.Contains(a.HintWays[:i], w), at, "%s is there twice", w)
	}
}

// validateAsterisks checks the list asterisks.
func (c *Config) validateAsterisks(v *validation) {
	first := map[string]int{}
	for i, a := range c.Asterisks {
		key := fmt.Sprintf("asterisks[%d]", i)
		v.require(a.PBX != "", key+".pbx", "is empty; name the PBX of the directory that it is")
		if other, again := first[a.PBX]; again {
			v.require(false, key+".pbx", "%s is asterisks[%d] already; give both interfaces there", a.PBX, other)
		}
		first[a.PBX] = i
		v.require(a.ARIURL != "" || a.AMIAddress != "", key, "has no way to hear it; set ari_url, ami_address or both")
		for j, pair := range a.Trunks {
			endpoint, trunk, ok := strings.Cut(pair, "=")
			v.require(ok && endpoint != "" && trunk != "", fmt.Sprintf("%s.trunks[%d]", key, j), "%q is no pair; write it as endpoint=trunk", pair)
		}
		a.validateHintWays(v, key)
		if a.ARIURL != "" {
			u, err := url.Parse(a.ARIURL)
			v.require(err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.User == nil, key+".ari_url",
				"%q is no address of an ARI; write it as http://10.20.0.10:8088/ari", a.ARIURL)
			v.require(a.ARIUser != "", key+".ari_user", "is empty; name the user of ari.conf")
			v.require(a.ARIPasswordFile != "", key+".ari_password_file", "is empty; name the file with the user's password")
		}
		if a.AMIAddress != "" {
			_, _, err := net.SplitHostPort(a.AMIAddress)
			v.require(err == nil, key+".ami_address", "%q is no host and port; write it as 10.20.0.10:5038", a.AMIAddress)
			v.require(a.AMIUser != "", key+".ami_user", "is empty; name the user of manager.conf")
			v.require(a.AMISecretFile != "", key+".ami_secret_file", "is empty; name the file with the user's secret")
		}
	}
}

// asteriskFiles are the files that the list asterisks names.
func (c *Config) asteriskFiles() []file {
	var all []file
	for i, a := range c.Asterisks {
		key := fmt.Sprintf("asterisks[%d]", i)
		all = append(all, file{key + ".ari_password_file", a.ARIPasswordFile, true}, file{key + ".ami_secret_file", a.AMISecretFile, true},
			file{key + ".ca_file", a.CAFile, false})
	}
	return all
}
