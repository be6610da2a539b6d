package daemon

import (
	"sync"
	"time"

	"ringback/sip"
)

// boardFor is how long a look at all live calls will do: many supervisors look at once.
const boardFor = 200 * time.Millisecond

// boards is the latest look at who is on the line.
type boards struct {
	mu    sync.Mutex
	at    time.Time
	board sip.Board
}

// board is who is on the line, as it was a moment ago. Nobody may change it.
func (w *watch) board() sip.Board {
	b := &w.boards
	b.mu.Lock()
	defer b.mu.Unlock()
	if now := time.Now(); now.Sub(b.at) > boardFor {
		b.board, b.at = w.lookAtAll(), now
	}
	return b.board
}

func (w *watch) lookAtAll() sip.Board {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.tracker.Board(maxLiveShown)
}

// registered are those of some agents that have a registered phone; known is false where no registration
// was ever seen.
func (w *watch) registered(agents []string) (have map[string]bool, known bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	have = map[string]bool{}
	for _, id := range agents {
		if w.tracker.Registered(id) {
			have[id] = true
		}
	}
	return have, w.tracker.Stats().Bindings > 0
}
