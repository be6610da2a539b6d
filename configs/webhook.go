package configs

import (
	"fmt"
	"net/url"
	"regexp"
	"time"
)

// webhookID is what the name of a webhook may be: it stands in metrics, paths and command lines.
var webhookID = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)

// maxGiveUp is the longest time that a message waits for a webhook.
const maxGiveUp = 30 * 24 * time.Hour

// validateWebhooks checks the list webhooks. Which events there are, and secrets, is looked at by those who
// know them.
func (c *Config) validateWebhooks(v *validation) {
	first := map[string]int{}
	for i, w := range c.Webhooks {
		key := fmt.Sprintf("webhooks[%d]", i)
		v.require(webhookID.MatchString(w.ID), key+".id", "%q is no name; write small letters, digits, dots and dashes, as crm", w.ID)
		if other, again := first[w.ID]; again {
			v.require(false, key+".id", "%s is the name of webhooks[%d] too; choose another", w.ID, other)
		}
		first[w.ID] = i
		u, err := url.Parse(w.URL)
		v.require(err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "", key+".url",
			"%q is no address of a web server; write it as https://crm.example.com/hooks", w.URL)
		v.require(len(w.SecretFiles) > 0, key+".secret_files",
			"is empty; name a file with a signing secret, so that the receiver can tell our messages from forged ones")
		for j, p := range w.AllowNetworks {
			v.require(p == p.Masked(), fmt.Sprintf("%s.allow_networks[%d]", key, j), "%s has bits beyond its length; write %s", p, p.Masked())
		}
		v.require(w.Timeout >= 0 && w.Timeout <= time.Minute, key+".timeout", "%s is out of range; write 0s to 1m", w.Timeout)
		v.require(w.GiveUp >= 0 && w.GiveUp <= maxGiveUp, key+".give_up", "%s is out of range; write 0s to 720h", w.GiveUp)
	}
}

// file is one that the configuration names, and the key that does.
type file struct {
	key, path string
	secret    bool
}

// secretFiles are the files of webhooks' secrets.
func (c *Config) secretFiles() []file {
	var all []file
	for i, w := range c.Webhooks {
		for j, path := range w.SecretFiles {
			all = append(all, file{fmt.Sprintf("webhooks[%d].secret_files[%d]", i, j), path, true})
		}
	}
	return all
}
