package store

import "sync/atomic"

// Stats are figures of a store for metrics. Counts are since Open.
type Stats struct {
	Queued   int    // commands that wait
	Commits  uint64 // transactions written and synced
	Commands uint64 // that shared them
	Keys     uint64 // written or deleted
	Bytes    uint64 // of these keys and their values
	Refused  uint64 // groups of commands refused because the disk was full or failed

	Tables   int64 // bytes on disk of tables and their logs, which have their room from the start
	ValueLog int64 // bytes on disk of Badger's value log, which has next to nothing in it
}

type counters struct{ commits, commands, keys, bytes, refused atomic.Uint64 }

func (c *counters) count(done Commit) {
	if done.Err != nil {
		c.refused.Add(1)
		return
	}
	c.commits.Add(1)
	c.commands.Add(uint64(done.Commands))
	c.keys.Add(uint64(done.Keys))
	c.bytes.Add(uint64(done.Bytes))
}

// Stats gives the figures of now. It lists the store's folder, so it is for every few seconds.
func (s *Store) Stats() Stats {
	st := Stats{
		Commits:  s.stats.commits.Load(),
		Commands: s.stats.commands.Load(),
		Keys:     s.stats.keys.Load(),
		Bytes:    s.stats.bytes.Load(),
		Refused:  s.stats.refused.Load(),
	}
	if s.disk != nil {
		st.Queued = s.queue.len()
		st.Tables, st.ValueLog = s.disk.sizes()
	}
	return st
}
