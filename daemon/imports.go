package daemon

import (
	"context"
)

// finishImports lets imports go on that a crash cut off while they were written. What goes wrong is tried
// again at the next start.
func (d *Daemon) finishImports(ctx context.Context) error {
	reports, err := d.resumeImports(ctx)
	for i := range reports {
		d.log.Info("an import was cut off and is finished", "count", reports[i].Made)
	}
	if err != nil && ctx.Err() == nil {
		d.log.Error("an import that was cut off could not be finished", "err", err)
	}
	return nil
}
