package daemon_test

import (
	"encoding/json"
	"testing"

	"ringback/web"
)

// board is how it is, as the API says.
func (x *centre) board() web.Board {
	x.t.Helper()
	_, body := x.get("/v1/board")
	var b web.Board
	if err := json.Unmarshal([]byte(body), &b); err != nil {
		x.t.Fatal(err, body)
	}
	return b
}

func TestTheBoardFollowsACall(t *testing.T) {
	t.Parallel()
	c := settings(t)
	know(t, c, kamailio)
	x := run(t, c)
	waiting := func(n, ringing int) func() bool {
		return func() bool {
			sum, rings := 0, 0
			b := x.board()
			for _, s := range b.Services {
				sum, rings = sum+s.Waiting, rings+s.Ringing
			}
			return sum == n && rings == ringing && len(b.Waiting) == n
		}
	}
	x.await("a board on which nobody waits", waiting(0, 0))
	all := captured(t, "kamailio/k3_cancel")
	feed := x.dial()
	mirror(t, feed, "", all[:len(all)/2])
	x.await("a board on which somebody waits and is rung for", waiting(1, 1))
	ringing := 0
	for _, a := range x.board().Agents {
		if a.State == "ringing" && a.Since != nil && a.Call != "" {
			ringing++
		}
	}
	if ringing == 0 {
		t.Errorf("no agent's phone rings: %+v", x.board().Agents)
	}
	mirror(t, feed, "", all[len(all)/2:])
	x.await("a board on which nobody waits any more", waiting(0, 0))
}
