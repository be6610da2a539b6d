package daemon

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"ringback/configs"
	"ringback/directory"
	"ringback/web"
)

// Reload reads the configuration again and puts to work what can change while running: log level,
// senders and capture passwords, tokens, certificates, webhooks, keys of messages. What needs a restart is named in the log. On an
// error everything stays as it was.
func (d *Daemon) Reload(ctx context.Context) error {
	d.reloading.Lock()
	defer d.reloading.Unlock()
	err := d.reload(ctx)
	d.metrics.Reloaded(time.Now(), err)
	if err != nil {
		d.log.Error("the configuration was not reloaded", "err", err)
	}
	return err
}

func (d *Daemon) reload(context.Context) error {
	running := d.config.Load()
	loaded := running
	if d.o.Load != nil {
		var err error
		if loaded, err = d.o.Load(); err != nil {
			return err
		}
	}
	keys, err := authKeys(loaded)
	if err != nil {
		return err
	}
	messages, err := messageKeys(loaded)
	if err != nil {
		return err
	}
	endpoints, err := Endpoints(loaded)
	if err != nil {
		return err
	}
	if d.tokens != nil {
		if err := d.tokens.Reload(); err != nil {
			return err
		}
	}
	for _, f := range d.feeds {
		f.SetSenders(loaded.HEP.Allow, keys)
	}
	d.hooks.Set(endpoints)
	d.voicemail.SetKeys(messages)
	if d.o.Level != nil {
		d.o.Level.Set(slog.Level(loaded.Log.Level))
	}
	changed, needRestart := configs.Reload(running, loaded)
	d.config.Store(loaded)
	d.log.Info("configuration reloaded", "keys", changed)
	if len(needRestart) > 0 {
		d.log.Warn("these changes need a restart", "keys", needRestart)
	}
	return nil
}

// exportDirectory is the directory in force as YAML, with its version.
func (d *Daemon) exportDirectory(context.Context) ([]byte, string, error) {
	in := d.dir.Load()
	return directory.Format(in.File()), strconv.FormatUint(in.version, 10), nil
}

// importDirectory puts a new directory in force: on the disk first, then at work.
func (d *Daemon) importDirectory(ctx context.Context, yaml []byte, version string) (string, error) {
	f, err := directory.Parse("directory", yaml)
	if err != nil {
		return "", fmt.Errorf("%w: %w", web.ErrInvalid, err)
	}
	d.reloading.Lock()
	defer d.reloading.Unlock()
	base := d.dir.Load().version
	if version != "" {
		if base, err = strconv.ParseUint(version, 10, 64); err != nil {
			return "", fmt.Errorf("%w: %q is no version of the directory", web.ErrInvalid, version)
		}
	}
	v, err := d.putInForce(ctx, directory.Update{File: f, Base: base, By: "admin socket", At: time.Now(), Who: web.Operator(ctx)})
	if err != nil {
		return "", err
	}
	return strconv.FormatUint(v.Number, 10), nil
}
