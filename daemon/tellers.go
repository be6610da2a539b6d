package daemon

import "context"

// openTellers opens the ways by which PBXs tell of their calls by themselves.
func (d *Daemon) openTellers(ctx context.Context) error {
	for _, open := range []func(context.Context) error{d.openAsterisks, d.openDialogEvents, d.openCallHooks} {
		if err := open(ctx); err != nil {
			return err
		}
	}
	return nil
}

// placeTellers tells all of them what the directory in force says of their PBXs.
func (d *Daemon) placeTellers() {
	d.placeAsterisks()
	d.placeDialogEvents()
	d.placeCallHooks()
}
