package daemon

import (
	"slices"
	"time"

	"ringback/cases/maycall"
	"ringback/directory"
	"ringback/sip/phone"
)

// redirects says whether a customer may be called where his calls are forwarded to: what his PBX or his carrier writes there
// must not make us call premium numbers, or any that the company does not.
func (d *Daemon) redirects(list, account string, to phone.Party) bool {
	n := numberAt(d.directory(), account, to.User)
	if n == 0 {
		return false
	}
	a, err := d.mayCall().Number(list, maycall.Question{Number: n, At: time.Now()})
	if err != nil {
		d.complaints.log(d.log, "whether a number may be called cannot be told", err)
		return false
	}
	return !slices.ContainsFunc(a.Findings, func(f maycall.Finding) bool {
		return f.Effect == directory.Block && (ofNumber(f.Rule) || f.Rule == maycall.RuleDoNotCall || f.Rule == maycall.RuleAllowList || f.Rule == maycall.RulePIN)
	})
}
