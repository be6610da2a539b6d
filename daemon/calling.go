package daemon

import (
	"ringback/cases/maycall"
)

// mayCall answers whether a number may be called now.
func (d *Daemon) mayCall() *maycall.Checker {
	return &maycall.Checker{Directory: d.directory, Lists: d.calling, Cases: d.cases}
}
