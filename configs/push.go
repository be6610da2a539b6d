package configs

import (
	"net/url"
	"strings"
)

// validatePush checks what is said of web push.
func (c *Config) validatePush(v *validation) {
	p := &c.Push
	u, err := url.Parse(p.Contact)
	isURL := err == nil && u.Scheme == "https" && u.Host != ""
	isMail := strings.Count(p.Contact, "@") == 1 && !strings.ContainsAny(p.Contact, " :/")
	v.require(p.Contact == "" || isURL || isMail, "push.contact", "%q is neither an e-mail nor an https address; write it as operations@example.com", p.Contact)
	for _, n := range p.AllowNetworks {
		v.require(n == n.Masked(), "push.allow_networks", "%s has bits beyond its length; write %s", n, n.Masked())
	}
}
