package configs

import (
	"fmt"
	"net"
	"net/url"
	"strings"
)

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
