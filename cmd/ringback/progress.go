package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"
)

// progress is a bar on a terminal, and nothing anywhere else.
type progress struct {
	out   io.Writer // nil when there is no terminal
	began time.Time
	last  time.Time
}

// newProgress draws on w if that is a terminal.
func newProgress(w io.Writer) *progress {
	p := &progress{began: time.Now()}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		p.out = w
	}
	return p
}

// barWidth is how many columns the bar itself has.
const barWidth = 40

// show draws how far it is, at most ten times a second.
func (p *progress) show(done, total int64) {
	now := time.Now()
	if p.out == nil || now.Sub(p.last) < 100*time.Millisecond {
		return
	}
	p.last = now
	if total <= 0 {
		fmt.Fprintf(p.out, "\r%d MiB, %s ", done>>20, now.Sub(p.began).Round(time.Second))
		return
	}
	filled := int(min(done, total) * barWidth / total)
	fmt.Fprintf(p.out, "\r[%s%s] %3d %%, %s ", strings.Repeat("=", filled), strings.Repeat(" ", barWidth-filled),
		min(done, total)*100/total, now.Sub(p.began).Round(time.Second))
}

// clear takes the bar away.
func (p *progress) clear() {
	if p.out != nil && !p.last.IsZero() {
		fmt.Fprintf(p.out, "\r%s\r", strings.Repeat(" ", barWidth+20))
	}
}
