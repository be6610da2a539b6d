package configs

import (
	"fmt"
	"strings"
	"time"
)

// validateDialogEvents checks the list dialog_events.
func (c *Config) validateDialogEvents(v *validation) {
	first := map[string]int{}
	for i, e := range c.DialogEvents {
		key := fmt.Sprintf("dialog_events[%d]", i)
		v.require(e.PBX != "", key+".pbx", "is empty; name the PBX of the directory that it is")
		if other, again := first[e.PBX]; again {
			v.require(false, key+".pbx", "%s is dialog_events[%d] already; give all URIs there", e.PBX, other)
		}
		first[e.PBX] = i
		v.require(len(e.URIs) > 0, key+".uris", "is empty; name whose dialogs to subscribe to, as sip:+35893100100@pbx.example.com")
		for j, u := range e.URIs {
			v.require(isSIPURI(u) && strings.Contains(u, "@"), fmt.Sprintf("%s.uris[%d]", key, j),
				"%q is no SIP URI of a service or an agent; write it as sip:+35893100100@pbx.example.com", u)
		}
		v.require(e.Server == "" || isSIPURI(e.Server), key+".server", "%q is no SIP URI; write it as sip:10.20.0.20:5060", e.Server)
		v.require(e.From == "" || isSIPURI(e.From) && strings.Contains(e.From, "@"), key+".from", "%q is no SIP URI; write it as sip:ringback@pbx.example.com", e.From)
		v.require(e.User == "" || e.PasswordFile != "", key+".user", "a user needs a password; set %s.password_file", key)
		v.require(e.Expires == 0 || e.Expires >= time.Minute && e.Expires <= 24*time.Hour, key+".expires", "%s is out of range; write 1m to 24h", e.Expires)
		for j, pair := range e.Queues {
			hint, service, ok := strings.Cut(pair, "=")
			v.require(ok && hint != "" && service != "", fmt.Sprintf("%s.queues[%d]", key, j), "%q is no pair; write it as hint=service", pair)
		}
	}
}

// validateCallHooks checks the list call_hooks. Tokens and secrets are looked at by who knows them.
func (c *Config) validateCallHooks(v *validation) {
	first := map[string]int{}
	for i, h := range c.CallHooks {
		key := fmt.Sprintf("call_hooks[%d]", i)
		v.require(webhookID.MatchString(h.ID), key+".id", "%q is no name; write small letters, digits, dots and dashes, as cloud", h.ID)
		if other, again := first[h.ID]; again {
			v.require(false, key+".id", "%s is the name of call_hooks[%d] too; choose another", h.ID, other)
		}
		first[h.ID] = i
		v.require(h.PBX != "", key+".pbx", "is empty; name the PBX of the directory whose calls it tells")
		v.require(h.TokenFile != "" || len(h.SecretFiles) > 0, key, "anybody could forge its calls; set token_file or secret_files")
		v.require(c.Web.Listen != "", key, "there is no address to send to; set web.listen")
	}
}

// toldFiles are the files that the lists dialog_events and call_hooks name.
func (c *Config) toldFiles() []file {
	var all []file
	for i, e := range c.DialogEvents {
		all = append(all, file{fmt.Sprintf("dialog_events[%d].password_file", i), e.PasswordFile, true},
			file{fmt.Sprintf("dialog_events[%d].ca_file", i), e.CAFile, false})
	}
	for i, h := range c.CallHooks {
		all = append(all, file{fmt.Sprintf("call_hooks[%d].token_file", i), h.TokenFile, true})
		for j, path := range h.SecretFiles {
			all = append(all, file{fmt.Sprintf("call_hooks[%d].secret_files[%d]", i, j), path, true})
		}
	}
	return all
}
