//go:build !unix

package daemon

// giveBack has nothing to do where files have no owner to be given to.
func giveBack(string) error { return nil }
