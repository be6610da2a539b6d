package app_test

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// browser is one real Chromium with a profile of its own, and one tab in it. What goes wrong in the tab, be it a
// script's error, a warning of the console or what the content security policy stops, fails the test.
type browser struct {
	t    *testing.T
	s    *stage
	ctx  context.Context
	mu   sync.Mutex
	said []string // what the console said
	fine []string // beginnings of what it may say
	sum  traffic
}

// traffic is what pages loaded.
type traffic struct {
	requests int
	bytes    float64
}

// flags make Chromium quiet and still.
var flags = append(chromedp.DefaultExecAllocatorOptions[:],
	chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
	chromedp.Flag("force-color-profile", "srgb"), chromedp.Flag("lang", "en-GB"),
)

// browse opens a browser of a phone's size, in which nobody is logged in.
func (s *stage) browse(t *testing.T) *browser {
	t.Helper()
	if _, err := exec.LookPath("chromium"); err != nil {
		t.Skip("Chromium is not installed")
	}
	all, cancel := chromedp.NewExecAllocator(context.WithoutCancel(t.Context()), flags...)
	t.Cleanup(cancel)
	ctx, cancel := chromedp.NewContext(all)
	t.Cleanup(cancel)
	b := &browser{t: t, s: s, ctx: ctx}
	if err := chromedp.Listen(ctx, b.hear); err != nil {
		t.Fatal(err)
	}
	command(b, network.Enable, network.EnableParams{})
	command(b, log.Enable, cdp.Empty{})
	b.do(chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile, chromedp.EmulateTouch))
	t.Cleanup(b.quiet)
	return b
}

// hear collects what goes wrong and what is loaded.
func (b *browser) hear(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		b.said = append(b.said, fmt.Sprintf("exception: %s %s", e.ExceptionDetails.Text, e.ExceptionDetails.Exception.Description))
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			b.said = append(b.said, fmt.Sprintf("console %s: %s", e.Type, e.Args[0].Value))
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning {
			b.said = append(b.said, fmt.Sprintf("%s %s: %s %s", e.Entry.Source, e.Entry.Level, e.Entry.Text, e.Entry.URL))
		}
	case *network.EventResponseReceived:
		b.sum.requests++
	case *network.EventLoadingFinished:
		b.sum.bytes += e.EncodedDataLength
	}
}

// may lets the console say what begins so.
func (b *browser) may(beginnings ...string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fine = append(b.fine, beginnings...)
}

// mayRefuse lets the console say that the server answered with a status.
func (b *browser) mayRefuse(status int) {
	b.may(fmt.Sprint("network error: Failed to load resource: the server responded with a status of ", status))
}

// quiet fails the test for what went wrong.
func (b *browser) quiet() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, said := range b.said {
		fine := false
		for _, begins := range b.fine {
			fine = fine || strings.HasPrefix(said, begins)
		}
		if !fine {
			b.t.Error(said)
		}
	}
	b.said = nil
}

// patience is how long something may take on a busy machine. That it takes no longer is no promise; what is
// promised is measured by benchmarks.
const patience = time.Minute

// await asks again and again whether something is so, and gives up when patience ends.
func await(is func() bool) bool {
	tick := time.NewTicker(30 * time.Millisecond)
	defer tick.Stop()
	for late := time.After(patience); !is(); {
		select {
		case <-late:
			return false
		case <-tick.C:
		}
	}
	return true
}

// do does things in the tab.
func (b *browser) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.t.Fatalf("%v; there is:\n%s", err, b.text("body"))
	}
}

// command sends a command of the protocol to the tab.
func command[P, R any](b *browser, c cdp.Command[P, R], params P) {
	b.t.Helper()
	b.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, c, params)
		return err
	}))
}

// evaluate runs a script, and waits for what it promises.
func evaluate[T any](b *browser, script string) (T, error) {
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[T](script, func(p *runtime.EvaluateParams) { p.AwaitPromise = new(true) }))
}

// value is what a script gives.
func value[T any](b *browser, script string) T {
	b.t.Helper()
	v, err := evaluate[T](b, script)
	if err != nil {
		b.t.Fatalf("%s: %v", script, err)
	}
	return v
}

// run runs a script.
func (b *browser) run(script string) {
	b.t.Helper()
	value[chromedp.Void](b, script)
}

// visit goes to a page.
func (b *browser) visit(path string) {
	b.t.Helper()
	b.do(chromedp.Navigate(b.s.base + path))
	b.ready()
}

// ready waits until the page's scripts look after it.
func (b *browser) ready() {
	b.t.Helper()
	b.until("the scripts run", "document.documentElement.classList.contains('scripted')")
}

// logIn logs somebody in.
func (b *browser) logIn(who string) {
	b.t.Helper()
	b.visit("/login")
	b.fill("[name=name]", who)
	b.fill("[name=password]", password)
	b.do(chromedp.Click(chromedp.CSS("button.main")), chromedp.WaitVisible(chromedp.CSS("nav.tabs")))
	b.ready()
}

// text is what can be read in an element.
func (b *browser) text(selector string) string {
	b.t.Helper()
	return value[string](b, "document.querySelector("+quote(selector)+")?.innerText ?? ''")
}

// scriptEnded is the protocol's code for a script whose page is there no more, as for other refusals by the browser.
const scriptEnded = -32000

func quote(s string) string { return fmt.Sprintf("%q", s) }

// until waits until a script says true. Another page may come meanwhile, and end the script.
func (b *browser) until(what, script string) {
	b.t.Helper()
	script = "Promise.resolve(" + script + ").then(x => !!x)"
	if !await(func() bool {
		is, err := evaluate[bool](b, script)
		if refused, ok := errors.AsType[*cdproto.Error](err); err != nil && (!ok || refused.Code != scriptEnded) {
			b.t.Fatalf("%s: %v", script, err)
		}
		return err == nil && is
	}) {
		b.t.Fatalf("waited in vain until %s; there is:\n%s", what, b.text("body"))
	}
}

// shows waits until something can be read somewhere.
func (b *browser) shows(selector, text string) {
	b.t.Helper()
	b.until(selector+" shows "+text, "[...document.querySelectorAll("+quote(selector)+")].some(e => e.innerText.includes("+quote(text)+"))")
}

// press clicks what a selector finds whose text, or name, is so.
func (b *browser) press(selector, text string) {
	b.t.Helper()
	found := "[...document.querySelectorAll(" + quote(selector) + ")].find(e => (e.innerText + (e.ariaLabel ?? '')).includes(" + quote(text) + "))"
	b.until(selector+" "+text+" is there", found)
	b.run(found + ".click()")
}

// fill waits for a field, and puts a value into it.
func (b *browser) fill(selector, value string) {
	b.t.Helper()
	field := chromedp.CSS(selector)
	b.do(chromedp.WaitVisible(field), chromedp.SetValue(field, value))
}

// network takes the network away from the browser, or gives it back.
func (b *browser) network(there bool) {
	b.t.Helper()
	command(b, network.OverrideNetworkState, network.OverrideNetworkStateParams{Offline: !there, DownloadThroughput: -1, UploadThroughput: -1})
	command(b, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{
		MatchedNetworkConditions: []*network.Conditions{{Offline: !there, DownloadThroughput: -1, UploadThroughput: -1}},
	})
}
