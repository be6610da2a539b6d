package daemon

import (
	"errors"

	"ringback/configs"
	"ringback/web"
)

// CheckFiles reads the files that a configuration names as the daemon would at its start, and says
// what is wrong with them. Nothing is opened for writing.
func CheckFiles(c *configs.Config) error {
	var errs []error
	if c.Web.TokensFile != "" {
		_, err := web.OpenTokens(c.Web.TokensFile)
		errs = append(errs, err)
	}
	_, err := authKeys(c)
	errs = append(errs, err)
	_, err = Endpoints(c)
	errs = append(errs, err)
	for _, pair := range [...]struct{ cert, key, ca string }{
		{c.HEP.TLSCertFile, c.HEP.TLSKeyFile, c.HEP.TLSClientCAFile},
		{c.Web.TLSCertFile, c.Web.TLSKeyFile, ""},
	} {
		if pair.cert != "" {
			_, err := serverTLS(pair.cert, pair.key, pair.ca)
			errs = append(errs, err)
		}
	}
	_, err = clientTLS(c.Hints.TLSCertFile, c.Hints.TLSKeyFile, c.Hints.TLSCAFile)
	errs = append(errs, err)
	_, err = clientTLS(c.Phone.TLSCertFile, c.Phone.TLSKeyFile, c.Phone.TLSCAFile)
	return errors.Join(append(errs, err)...)
}
