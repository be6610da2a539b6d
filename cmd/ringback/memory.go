package main

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// enough is how much memory the daemon may use before it collects garbage more often than lessGC says.
// That lets garbage grow to four times what is kept, which is little with the watch alone, and a gigabyte
// where an import, the search index and the store's merging are at work together.
const enough = 448 << 20 // bytes, mapped files not counted

// boundMemory keeps garbage within bounds until ctx ends. Where more is kept the bound is twice that: a
// limit that is too near would have the collector run all the time. The environment's GOMEMLIMIT has the
// last word.
func boundMemory(ctx context.Context) {
	if os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		metrics.Read(live)
		kept := int64(0)
		if live[0].Value.Kind() == metrics.KindUint64 {
			kept = int64(live[0].Value.Uint64())
		}
		debug.SetMemoryLimit(max(enough, 2*kept))
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
