package main

import (
	"fmt"
	"io"

	"ringback/cases/voicemail"
)

type messagesCommand struct {
	NewKey messagesNewKey `cmd:"" help:"Make a key that messages are encrypted with, on top of those there are."`
}

func (*messagesCommand) Help() string {
	return `
Messages are what callers of the callback line leave. They are encrypted with the first key of the file that voicemail.key_file
of the configuration names, and heard with any of its keys.

Examples:

    ringback messages new-key /etc/ringback/messages.key
    systemctl reload ringback`
}

type messagesNewKey struct {
	File string `arg:"" help:"The key file; it is made where there is none."`
}

// Run makes a key.
func (c *messagesNewKey) Run(out io.Writer) error {
	public, err := voicemail.NewKey(c.File)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "messages are encrypted for %s once the daemon reads %s again; keep a copy of it apart from the backups\n", public, c.File)
	return err
}
