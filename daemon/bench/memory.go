package bench

import (
	"fmt"
	"os"
	"runtime"
	"strings"
)

// memory is what a process has resident, in bytes.
type memory struct {
	own    int64 // its own, which it needs
	mapped int64 // of files, which the kernel takes back when it needs the room
}

// String writes it in MiB.
func (m memory) String() string {
	return fmt.Sprintf("%d MiB and %d MiB of files", m.own>>20, m.mapped>>20)
}

// memoryNow is what this process has resident once garbage is collected; zero where the system does not
// tell.
func memoryNow() (m memory) {
	runtime.GC()
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return memory{}
	}
	for line := range strings.Lines(string(text)) {
		var kib int64
		if _, err := fmt.Sscanf(line, "RssAnon: %d kB", &kib); err == nil {
			m.own = kib << 10
		}
		if _, err := fmt.Sscanf(line, "RssFile: %d kB", &kib); err == nil {
			m.mapped = kib << 10
		}
	}
	return m
}
