package configs

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Validate says what in the configuration cannot be, as [Problems]; nil when all is well. It looks at
// the values alone and touches no file; see [Check].
func (c *Config) Validate() error {
	if problems := c.validate(); len(problems) > 0 {
		return problems
	}
	return nil
}

// validate is Validate, as a list.
func (c *Config) validate() Problems {
	var v validation
	v.require(c.DataDir != "", "data_dir", "is empty; name the folder that keeps the data")
	v.require(c.DataDir == "" || filepath.IsAbs(c.DataDir), "data_dir",
		"%q depends on where the daemon is started; write the whole path, from / on", c.DataDir)

	v.require(len(c.HEP.UDP)+len(c.HEP.TCP)+len(c.HEP.TLS) > 0 || c.Tap.Interface != "" || len(c.Asterisks)+len(c.DialogEvents)+len(c.CallHooks) > 0, "hep",
		"nothing is watched; give an address in hep.udp, hep.tcp or hep.tls, an interface in tap.interface, or a PBX in asterisks, dialog_events or call_hooks")
	v.listens("hep.udp", c.HEP.UDP)
	v.listens("hep.tcp", c.HEP.TCP)
	v.listens("hep.tls", c.HEP.TLS)
	v.require(len(c.HEP.TLS) == 0 || c.HEP.TLSCertFile != "", "hep.tls", "needs a certificate; set hep.tls_cert_file and hep.tls_key_file")
	v.pair("hep.tls_cert_file", c.HEP.TLSCertFile, "hep.tls_key_file", c.HEP.TLSKeyFile)
	v.require(len(c.HEP.Allow) > 0, "hep.allow", "nobody may send; list your PBXs, as [192.0.2.10/32]")
	for i, p := range c.HEP.Allow {
		v.require(p == p.Masked(), fmt.Sprintf("hep.allow[%d]", i), "%s has bits beyond its length; write %s", p, p.Masked())
	}
	v.atLeast("hep.receive_buffer", c.HEP.ReceiveBuffer, 64<<10)
	v.positive("hep.max_connections", c.HEP.MaxConnections)
	v.require(c.HEP.IdleTimeout > 0, "hep.idle_timeout", "%s is no time to wait; write more than 0s", c.HEP.IdleTimeout)

	if c.Tap.Interface != "" {
		v.require(len(c.Tap.Ports) > 0, "tap.ports", "is empty; name the ports SIP is spoken on, as [5060]")
	}
	for i, port := range c.Tap.Ports {
		v.require(port > 0, fmt.Sprintf("tap.ports[%d]", i), "0 is no port; write the port SIP is spoken on, as 5060")
	}

	t := &c.Tracker
	for _, d := range []struct {
		key   string
		value time.Duration
	}{
		{"tracker.settle", t.Settle},
		{"tracker.served_after", t.ServedAfter},
		{"tracker.hold_drop", t.HoldDrop},
		{"tracker.short_after", t.ShortAfter},
		{"tracker.lost", t.Lost},
		{"tracker.max_wait", t.MaxWait},
		{"tracker.max_call", t.MaxCall},
	} {
		v.require(d.value > 0, d.key, "%s is no time to wait; write more than 0s", d.value)
	}
	v.require(t.Settle <= time.Minute, "tracker.settle", "%s delays every case by as much; write at most 1m", t.Settle)
	v.require(t.Settle < t.Lost, "tracker.lost", "%s is not longer than tracker.settle, %s; make it longer", t.Lost, t.Settle)
	v.positive("tracker.max_calls", t.MaxCalls)
	v.positive("tracker.max_bindings", t.MaxBindings)

	v.require(c.Store.CommitWindow >= 0 && c.Store.CommitWindow <= time.Second, "store.commit_window",
		"%s is out of range; write 0s to 1s, as cases must be told within a second", c.Store.CommitWindow)

	c.validateHints(&v)
	c.validatePhone(&v)
	c.validateLine(&v)
	c.validateVoicemail(&v)
	v.pair("web.tls_cert_file", c.Web.TLSCertFile, "web.tls_key_file", c.Web.TLSKeyFile)
	v.require(c.Web.Listen == "" || c.Web.Listen != c.Admin.Listen || strings.HasSuffix(string(c.Web.Listen), ":0"), "admin.listen",
		"%s is the address of web.listen too; choose another port", c.Admin.Listen)
	c.validateSessions(&v)
	v.require(c.Store.AuditDays >= 0 && c.Store.AuditDays <= 36500, "store.audit_days", "%d is out of range; write 0 for ever, or up to 36500", c.Store.AuditDays)
	v.require(c.Store.JourneyDays >= 0 && c.Store.JourneyDays <= 36500, "store.journey_days", "%d is out of range; write 0 for ever, or up to 36500", c.Store.JourneyDays)
	v.require(c.Store.Journeys == "all" || c.Store.Journeys == "cases" || c.Store.Journeys == "off", "store.journeys", "%q is not known; write all, cases or off", c.Store.Journeys)
	v.require(c.Admin.Socket == "" || filepath.IsAbs(c.Admin.Socket), "admin.socket",
		"%q depends on where the daemon is started; write the whole path, from / on", c.Admin.Socket)
	// sun_path of sockaddr_un holds 108 bytes with its end (unix(7)).
	v.require(len(c.Admin.Socket) < 108, "admin.socket", "is longer than the 107 bytes a socket's path can have; choose a shorter one")
	v.require(!c.Admin.Pprof || c.Admin.Listen != "", "admin.pprof", "is on, but admin.listen is empty; give it an address")

	c.validateAsterisks(&v)
	c.validateDialogEvents(&v)
	c.validateCallHooks(&v)
	c.validateWebhooks(&v)
	c.validatePush(&v)
	return v.problems
}

// validateSessions checks what concerns people who log in.
func (c *Config) validateSessions(v *validation) {
	w := &c.Web
	for _, d := range []struct {
		key   string
		value time.Duration
	}{
		{"web.session_idle", w.SessionIdle},
		{"web.session_lifetime", w.SessionLifetime},
		{"web.invitation_for", w.InvitationFor},
	} {
		v.require(d.value >= time.Minute && d.value <= 366*24*time.Hour, d.key, "%s is out of range; write from 1m to 8784h", d.value)
	}
	v.require(w.SessionIdle <= w.SessionLifetime, "web.session_idle", "%s is longer than web.session_lifetime, %s; make it shorter", w.SessionIdle, w.SessionLifetime)
	v.require(w.RequestsPerSecond >= 1 && w.RequestsPerSecond <= 1_000_000, "web.requests_per_second", "%d is out of range; write from 1 to 1000000", w.RequestsPerSecond)
	for _, origin := range w.Origins {
		u, err := url.Parse(origin)
		v.require(err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && origin == u.Scheme+"://"+u.Host,
			"web.origins", "%q is no origin; write scheme and host alone, as https://crm.example.com", origin)
	}
	for _, p := range w.Proxies {
		v.require(p == p.Masked(), "web.proxies", "%s has bits beyond its length; write %s", p, p.Masked())
	}
	if w.URL == "" {
		return
	}
	u, err := url.Parse(w.URL)
	v.require(err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.RawQuery == "" && u.Fragment == "" && u.User == nil,
		"web.url", "%q is no address of a site; write it as https://ringback.example.com", w.URL)
}

// validateHints checks the section hints.
func (c *Config) validateHints(v *validation) {
	h := &c.Hints
	if !h.Enabled {
		return
	}
	v.require(len(h.UDP) > 0, "hints.udp", `is empty; give an address to send from, as [":5066"], or set hints.enabled to false`)
	v.listens("hints.udp", h.UDP)
	v.listens("hints.tcp", h.TCP)
	v.listens("hints.tls", h.TLS)
	v.require(len(h.TLS) == 0 || h.TLSCertFile != "", "hints.tls", "needs a certificate; set hints.tls_cert_file and hints.tls_key_file")
	v.pair("hints.tls_cert_file", h.TLSCertFile, "hints.tls_key_file", h.TLSKeyFile)
	v.require(h.From == "" || isSIPURI(h.From), "hints.from", "%q is no SIP URI; write it as sip:ringback@pbx.example.com", h.From)
	v.require(h.Proxy == "" || isSIPURI(h.Proxy), "hints.proxy", "%q is no SIP URI; write it as sip:pbx.example.com:5060", h.Proxy)
	v.require(!strings.ContainsFunc(h.DisplayName, notPrintable), "hints.display_name",
		"%q holds a quote, a backslash or a control character; leave them out", h.DisplayName)
	v.require(h.User == "" || h.PasswordFile != "", "hints.user", "a user needs a password; set hints.password_file")
	v.require(h.Timeout > 0 && h.Timeout <= 32*time.Second, "hints.timeout",
		"%s is out of range; write more than 0s, at most 32s", h.Timeout) // 64*T1, RFC 3261 §17.1.2.2
	v.require(h.Deadline >= h.Timeout && h.Deadline <= time.Minute, "hints.deadline",
		"%s is out of range; write at least hints.timeout, %s, and at most 1m", h.Deadline, h.Timeout)
}

// notPrintable reports whether a character cannot stand in a display name as it is.
func notPrintable(r rune) bool { return r < ' ' || r == 0x7f || r == '"' || r == '\\' }

// isSIPURI reports whether s has the outline of a sip or sips URI (RFC 3261 §19.1.1).
func isSIPURI(s string) bool {
	rest, sip := strings.CutPrefix(s, "sip:")
	if !sip {
		rest, sip = strings.CutPrefix(s, "sips:")
	}
	if !sip || strings.ContainsAny(rest, " \t<>\"") {
		return false
	}
	if i := strings.LastIndexByte(rest, '@'); i >= 0 {
		if i == 0 {
			return false
		}
		rest = rest[i+1:]
	}
	rest, _, _ = strings.Cut(rest, ";")
	var a Address
	if a.UnmarshalText([]byte(rest)) == nil {
		return rest != ""
	}
	return a.UnmarshalText([]byte(rest+":5060")) == nil
}

// validation collects problems.
type validation struct{ problems Problems }

// require notes a problem with key unless ok.
func (v *validation) require(ok bool, key, format string, args ...any) {
	if !ok {
		v.problems = append(v.problems, &Problem{Key: key, Text: fmt.Sprintf(format, args...)})
	}
}

// listens requires every address of a list.
func (v *validation) listens(key string, list []Address) {
	for i, a := range list {
		v.require(a != "", fmt.Sprintf("%s[%d]", key, i), "is empty; write host:port, or [] for no address at all")
	}
}

// pair requires both files or none.
func (v *validation) pair(certKey, cert, keyKey, key string) {
	v.require(cert == "" || key != "", certKey, "a certificate needs its private key; set %s", keyKey)
	v.require(key == "" || cert != "", keyKey, "a private key needs its certificate; set %s", certKey)
}

// atLeast requires a size.
func (v *validation) atLeast(key string, size, least Size) {
	v.require(size >= least, key, "%s is too small to work with; write at least %s", size, least)
}

// positive requires a number of at least 1.
func (v *validation) positive(key string, n int) {
	v.require(n > 0, key, "%d leaves room for none; write at least 1", n)
}

// checkFiles looks at the files the configuration names.
func (c *Config) checkFiles() Problems {
	var v validation
	for _, f := range append([]file{
		{"hep.tls_cert_file", c.HEP.TLSCertFile, false},
		{"hep.tls_key_file", c.HEP.TLSKeyFile, true},
		{"hep.tls_client_ca_file", c.HEP.TLSClientCAFile, false},
		{"hep.auth_keys_file", c.HEP.AuthKeysFile, true},
		{"hints.tls_cert_file", c.Hints.TLSCertFile, false},
		{"hints.tls_key_file", c.Hints.TLSKeyFile, true},
		{"hints.tls_ca_file", c.Hints.TLSCAFile, false},
		{"hints.password_file", c.Hints.PasswordFile, true},
		{"web.tls_cert_file", c.Web.TLSCertFile, false},
		{"web.tls_key_file", c.Web.TLSKeyFile, true},
		{"web.tokens_file", c.Web.TokensFile, true},
	}, slices.Concat(c.asteriskFiles(), c.toldFiles(), c.phoneFiles(), c.lineFiles(), c.secretFiles())...) {
		if f.path == "" {
			continue
		}
		file, err := os.Open(f.path)
		if err != nil {
			v.require(false, f.key, "%v; create the file or correct the path", err)
			continue
		}
		info, err := file.Stat()
		file.Close()
		switch {
		case err != nil:
			v.require(false, f.key, "%v; create the file or correct the path", err)
		case info.IsDir():
			v.require(false, f.key, "%s is a folder; name a file", f.path)
		case f.secret && info.Mode().Perm()&0o027 != 0:
			v.require(false, f.key, "%s can be read or changed by others (%v); run chmod 600 %s", f.path, info.Mode().Perm(), f.path)
		}
	}
	return v.problems
}
