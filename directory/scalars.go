package directory

import (
	"net/netip"
	"strings"
	"time"

	"ringback/sip"
)

func readBool(to *bool, text string) error {
	switch strings.ToLower(text) {
	case "true", "on", "yes":
		*to = true
	case "false", "off", "no":
		*to = false
	default:
		return mistakef("%q is neither true nor false; write one of them", text)
	}
	return nil
}

func readDuration(to *time.Duration, text string) error {
	d, err := time.ParseDuration(text)
	switch {
	case err == nil && d >= 0:
		*to = d
		return nil
	case err == nil:
		return mistakef("%q is negative; write a duration of 0s or more", text)
	case strings.Trim(text, "0123456789") == "":
		return mistakef("%q has no unit; write %ss, %sm or %sh", text, text, text, text)
	}
	return mistakef("%q is no duration; write it with units, as 90s, 60m or 1h30m", text)
}

// durationText is d as readDuration reads it, without the zero units of Duration.String.
func durationText(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = s[:len(s)-2]
	}
	if strings.HasSuffix(s, "h0m") {
		s = s[:len(s)-2]
	}
	return s
}

func readHost(to *sip.Host, text string) error {
	h, err := sip.ParseHost(text)
	switch {
	case err != nil && strings.Contains(text, "/"):
		return mistakef("%q is no network; write it as 10.20.0.0/24", text)
	case err != nil:
		return mistakef("%q is no address; write an IP address, a network as 10.20.0.0/24, or an address with port as 10.20.0.1:5060 or [fd20::1]:5060", text)
	case h.Net.Addr().Zone() != "" || strings.Contains(text, "%"):
		return mistakef("%q has a zone; leave out what stands behind the %%", text)
	case h.Net.Addr().IsUnspecified():
		return mistakef("%q is no address of one host; write the addresses that are used", text)
	case h.Net.Addr().Is4In6():
		return mistakef("%q is IPv4 written as IPv6; write it as IPv4", text)
	}
	if p, err := netip.ParsePrefix(text); err == nil && p != p.Masked() {
		return mistakef("%q has address bits behind the network; did you mean %q or %q?", text, p.Masked(), p.Addr())
	}
	*to = h
	return nil
}
