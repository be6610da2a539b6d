package configs

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// validatePhone checks the section phone.
func (c *Config) validatePhone(v *validation) {
	p := &c.Phone
	if !p.Enabled {
		return
	}
	v.require(len(p.UDP) > 0, "phone.udp", `is empty; give an address for calls, as ["10.20.0.9:5070"], or set phone.enabled to false`)
	v.listens("phone.udp", p.UDP)
	v.listens("phone.tcp", p.TCP)
	v.listens("phone.tls", p.TLS)
	if c.Hints.Enabled {
		for _, a := range p.UDP {
			v.require(!slices.Contains(c.Hints.UDP, a) || strings.HasSuffix(string(a), ":0"), "phone.udp",
				"%s is an address of hints.udp too; choose another port, as what comes from there is no call", a)
		}
	}
	v.require(len(p.TLS) == 0 || p.TLSCertFile != "", "phone.tls", "needs a certificate; set phone.tls_cert_file and phone.tls_key_file")
	v.pair("phone.tls_cert_file", p.TLSCertFile, "phone.tls_key_file", p.TLSKeyFile)
	v.require(!strings.ContainsFunc(p.DisplayName, notPrintable), "phone.display_name",
		"%q holds a quote, a backslash or a control character; leave them out", p.DisplayName)
	v.require(len(p.Accounts)+len(p.Peers) > 0, "phone.accounts", "is empty, and so is phone.peers: nobody can call or be called; name a PBX")
	for _, n := range p.Peers {
		v.require(n == n.Masked(), "phone.peers", "%s has bits beyond its length; write %s", n, n.Masked())
	}
	v.require(p.MaxCalls >= 1 && p.MaxCalls <= 10_000, "phone.max_calls", "%d is out of range; write from 1 to 10000", p.MaxCalls)
	v.require(p.CallsPerSecond >= 1 && p.CallsPerSecond <= 10_000, "phone.calls_per_second", "%d is out of range; write from 1 to 10000", p.CallsPerSecond)
	v.require(p.RingTimeout >= 5*time.Second && p.RingTimeout <= 10*time.Minute, "phone.ring_timeout", "%s is out of range; write 5s to 10m", p.RingTimeout)
	v.require(p.SessionExpires >= 90*time.Second && p.SessionExpires <= 24*time.Hour, "phone.session_expires", // RFC 4028 §5
		"%s is out of range; write 90s to 24h", p.SessionExpires)
	c.validateCallbacks(v)
	c.validateMedia(v)
	c.validateAccounts(v)
}

// validateCallbacks checks how customers are called back.
func (c *Config) validateCallbacks(v *validation) {
	b := &c.Callbacks
	v.require(b.Accept == "any" || b.Accept == "none" || len(b.Accept) == 1 && strings.Contains("0123456789*#", b.Accept), "callbacks.accept",
		"%q is no key; write one of 0123456789*#, any or none", b.Accept)
	v.require(b.AcceptWithin >= 3*time.Second && b.AcceptWithin <= 5*time.Minute, "callbacks.accept_within", "%s is out of range; write 3s to 5m", b.AcceptWithin)
	v.require(b.RingAgent >= 5*time.Second && b.RingAgent <= 5*time.Minute, "callbacks.ring_agent", "%s is out of range; write 5s to 5m", b.RingAgent)
	v.require(b.LiveFirst >= 0 && b.LiveFirst <= time.Hour, "callbacks.live_first", "%s is out of range; write 0s to 1h", b.LiveFirst)
}

// validateMedia checks what of the section phone is about sound.
func (c *Config) validateMedia(v *validation) {
	p := &c.Phone
	v.require(p.MediaFirstPort >= 1024 && p.MediaFirstPort <= 65534, "phone.media_first_port", "%d is out of range; write from 1024 to 65534", p.MediaFirstPort)
	v.require(p.MediaLastPort > p.MediaFirstPort && p.MediaLastPort <= 65535, "phone.media_last_port",
		"%d is out of range; write more than phone.media_first_port, %d, and at most 65535", p.MediaLastPort, p.MediaFirstPort)
	v.require(p.MediaTimeout >= 5*time.Second && p.MediaTimeout <= time.Hour, "phone.media_timeout", "%s is out of range; write 5s to 1h", p.MediaTimeout)
	for _, list := range []struct {
		key   string
		addrs []netip.Addr
	}{{"phone.advertised", p.Advertised}, {"phone.media_addresses", p.MediaAddresses}, {"phone.media_advertised", p.MediaAdvertised}} {
		four := 0
		for _, a := range list.addrs {
			v.require(!a.IsUnspecified() && !a.IsMulticast(), list.key, "%s is the address of no machine; name one", a)
			if a.Unmap().Is4() {
				four++
			}
		}
		v.require(four <= 1 && len(list.addrs)-four <= 1, list.key, "has several addresses of one family; name one IPv4 and one IPv6 at most")
	}
}

func (c *Config) validateAccounts(v *validation) {
	first := map[string]int{}
	for i, a := range c.Phone.Accounts {
		key := fmt.Sprintf("phone.accounts[%d]", i)
		v.require(a.PBX != "", key+".pbx", "is empty; name the PBX of the directory that it is")
		if other, again := first[a.PBX]; again {
			v.require(false, key+".pbx", "%s is phone.accounts[%d] already; one account at a PBX is enough", a.PBX, other)
		}
		first[a.PBX] = i
		v.require(isSIPURI(a.URI) && strings.Contains(a.URI, "@"), key+".uri", "%q is no SIP URI; write it as sip:ringback@pbx.example.com", a.URI)
		v.require(a.Server == "" || isSIPURI(a.Server), key+".server", "%q is no SIP URI; write it as sip:10.20.0.10:5060;transport=tcp", a.Server)
		v.require(a.User == "" || a.PasswordFile != "", key+".user", "a user needs a password; set %s.password_file", key)
		v.require(a.Expires == 0 || a.Expires >= time.Minute && a.Expires <= 24*time.Hour, key+".expires", "%s is out of range; write 1m to 24h", a.Expires)
		v.require(a.KeepAlive == 0 || a.KeepAlive >= 5*time.Second && a.KeepAlive <= time.Hour, key+".keep_alive", "%s is out of range; write 5s to 1h", a.KeepAlive)
	}
}

// phoneFiles are the files that the section phone names.
func (c *Config) phoneFiles() []file {
	all := []file{
		{"phone.tls_cert_file", c.Phone.TLSCertFile, false},
		{"phone.tls_key_file", c.Phone.TLSKeyFile, true},
		{"phone.tls_ca_file", c.Phone.TLSCAFile, false},
		{"callbacks.announcement", c.Callbacks.Announcement, false},
	}
	for i, a := range c.Phone.Accounts {
		all = append(all, file{fmt.Sprintf("phone.accounts[%d].password_file", i), a.PasswordFile, true})
	}
	return all
}
