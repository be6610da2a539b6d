package app_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"ringback/web"
	"ringback/web/client"
)

var screenshots = flag.String("screenshots", "", "folder to put pictures of all pages into")

// scene is a page, and what to do before it is looked at.
type scene struct {
	name, who, path string
	then            func(*browser)
}

// scenes are all pages of the app. {case} and {closed} are cases that are there.
var scenes = []scene{
	{name: "login", path: "/login"},
	{name: "callback", who: "anna", path: "/callback"},
	{name: "beside", who: "anna", path: "/callback?case={case}", then: func(b *browser) {
		b.until("on a desktop the case is beside", "innerWidth < 1100 || document.querySelector('#pane .details')")
	}},
	{name: "call-list", who: "anna", path: "/call-list"},
	{name: "choose", who: "anna", path: "/callback?select=1"},
	{name: "menu", who: "anna", path: "/callback", then: func(b *browser) {
		b.press(".row .menu", "Actions for")
		b.shows("#sheet[open]", "Assign to another")
	}},
	{name: "filter", who: "anna", path: "/view?back=/callback"},
	{name: "next", who: "anna", path: "/next"},
	{name: "new-case", who: "anna", path: "/cases/new"},
	{name: "details", who: "anna", path: "/cases/{case}"},
	{name: "message", who: "anna", path: "/cases/{message}"},
	{name: "handling", who: "anna", path: "/cases/{case}/handling"},
	{name: "history", who: "anna", path: "/cases/{missed}/history", then: func(b *browser) { b.run("document.querySelectorAll('details').forEach(d => d.open = true)") }},
	{name: "forbidden", who: "anna", path: "/cases/{forbidden}"},
	{name: "actions", who: "anna", path: "/cases/{case}/actions"},
	{name: "phone", who: "anna", path: "/cases/{case}/call"},
	{name: "phone-blocked", who: "anna", path: "/cases/{forbidden}/call"},
	{name: "schedule", who: "anna", path: "/cases/{case}/schedule"},
	{name: "scheduled", who: "anna", path: "/schedule"},
	{name: "comment", who: "anna", path: "/cases/{case}/comment"},
	{name: "edit", who: "anna", path: "/cases/{case}/edit"},
	{name: "journey", who: "anna", path: "/calls/{call}/journey"},
	{name: "customer", who: "anna", path: "/customers/%2B358409876543/journey"},
	{name: "search", who: "anna", path: "/search?q=358"},
	{name: "closed", who: "anna", path: "/closed?all=1"},
	{name: "lists", who: "anna", path: "/lists"},
	{name: "notifications", who: "anna", path: "/notifications"},
	{name: "telephone", who: "anna", path: "/telephone"},
	{name: "more", who: "anna", path: "/more"},
	{name: "supervisor", who: "sara", path: "/more"},
	{name: "no-phone", who: "sara", path: "/cases/{case}/actions"},
	{name: "board", who: "sara", path: "/board"},
	{name: "statistics", who: "sara", path: "/statistics?days=7"},
	{name: "feeds", who: "sara", path: "/feeds"},
	{name: "lists-run", who: "sara", path: "/run"},
	{name: "settings", who: "sara", path: "/run/support"},
	{name: "numbers", who: "sara", path: "/numbers?kind=blocked"},
	{name: "numbers-of-anna", who: "sara", path: "/numbers?kind=personal&agent=anna"},
	{name: "pins", who: "sara", path: "/pins"},
	{name: "directory", who: "sara", path: "/directory"},
	{name: "people", who: "sara", path: "/people"},
	{name: "nowhere", who: "anna", path: "/nowhere"},
	{name: "offline", path: "/offline"},
}

// furnish makes what pages show.
func furnish(s *stage) map[string]string {
	s.missed(teppo, hotline)
	missed := s.caseOf(teppo)
	s.missed(teppo, hotline)
	s.missed("+358405550500", orders)
	due := func(in time.Duration) *time.Time { at := time.Now().Add(in); return &at }
	c := s.create(web.NewCase{List: "support", Number: matti, Name: "Matti Meikäläinen", Topic: "Invoice 4711", Note: "Asks for a copy.\nAt home after five.", Channel: "request", Due: due(-95 * time.Minute)})
	s.create(web.NewCase{List: "sales", Number: matti, Name: "Matti Meikäläinen", Channel: "request"})
	var some []string
	for i, in := range []time.Duration{-20 * time.Minute, 12 * time.Minute, 35 * time.Minute, 50 * time.Minute, 2 * time.Hour, 20 * time.Hour, 26 * time.Hour, 30 * time.Hour} {
		made := s.create(web.NewCase{
			List: []string{"support", "sales"}[i%2], Number: fmt.Sprintf("+35840555010%d", i), Due: due(in),
			Name: []string{"Aino Korhonen", "", "Eero Laine", "Helmi Nieminen"}[i%4], Topic: []string{"Delivery", "Quotation"}[i%2],
		})
		some = append(some, made.ID)
		s.create(web.NewCase{List: "campaign", Number: fmt.Sprintf("+35840555020%d", i), Name: []string{"Kaisa Mäkinen", "Onni Heikkinen", "Tyyne Järvinen", "Väinö Lehtonen"}[i%4], Due: due(in + time.Hour)})
	}
	if _, err := s.admin.Assign(s.t.Context(), some[2], "anna"); err != nil {
		s.t.Fatal(err)
	}
	if _, err := s.admin.Await(s.t.Context(), some[3], "The serial number?"); err != nil {
		s.t.Fatal(err)
	}
	closed := s.create(web.NewCase{List: "support", Number: "+358405550300", Topic: "Warranty"})
	if _, err := s.admin.Close(s.t.Context(), closed.ID, "successful", "solved", "explained it"); err != nil {
		s.t.Fatal(err)
	}
	if _, err := s.admin.Comment(s.t.Context(), c.ID, "He prefers mornings.", false); err != nil {
		s.t.Fatal(err)
	}
	s.schedule("anna", s.create(web.NewCase{List: "support", Number: "+358405550401", Name: "Noora Niemi"}).ID, web.ScheduleBody{At: time.Now().AddDate(0, 0, 1), Mode: "remind"})
	forbidden := s.create(web.NewCase{List: "support", Number: "+358405550400", Topic: "Advertising"})
	s.number("blocked", "+358405550400", "asked us not to")
	if _, err := s.admin.PutNumber(s.t.Context(), client.Numbers{Kind: "personal", Agent: "anna"}, "+46*", "our partner in Sweden"); err != nil {
		s.t.Fatal(err)
	}
	if err := s.admin.SetPIN(s.t.Context(), "premium", "4711"); err != nil {
		s.t.Fatal(err)
	}
	return map[string]string{"{forbidden}": forbidden.ID, "{case}": c.ID, "{closed}": closed.ID, "{missed}": missed, "{call}": s.call(teppo), "{message}": s.leave("+358405550402")}
}

// caseOf waits for the case of a number.
func (s *stage) caseOf(number string) string {
	s.t.Helper()
	id := ""
	if !await(func() bool {
		hits, _, err := s.admin.SearchPage(s.t.Context(), number, "")
		if err != nil {
			s.t.Fatal(err)
		}
		if len(hits) > 0 {
			id = hits[0].ID
		}
		return id != ""
	}) {
		s.t.Fatal("waited in vain for the case of " + number)
	}
	return id
}

// played are the scenes with the cases that furnish made, each when its person has logged in.
func (b *browser) played(names map[string]string) iter.Seq[scene] {
	return func(yield func(scene) bool) {
		who := ""
		for _, sc := range scenes {
			for name, id := range names {
				sc.path = strings.ReplaceAll(sc.path, name, id)
			}
			if sc.who != who {
				b.forget()
				if who = sc.who; who != "" {
					b.logIn(who)
				}
			}
			if !yield(sc) {
				return
			}
		}
	}
}

// TestEveryPageIsAccessibleLightAndQuiet opens every page in both sizes and both themes: axe-core finds nothing
// against WCAG 2.2 AA, the console says nothing, the policy stops nothing, and pages stay within their budgets.
func TestEveryPageIsAccessibleLightAndQuiet(t *testing.T) {
	axe, err := os.ReadFile("../../tools/web/node_modules/axe-core/axe.min.js")
	if err != nil {
		t.Skip("axe-core is not installed: npm ci --prefix tools/web")
	}
	s := openPhones(t).stage
	names := furnish(s)
	b := s.browse(t)
	for sc := range b.played(names) {
		if sc.name == "nowhere" {
			b.mayRefuse(404)
		}
		for _, size := range []struct {
			name          string
			width, height int64
		}{{"phone", 390, 844}, {"desktop", 1280, 800}} {
			b.size(size.width, size.height, size.name == "phone")
			for _, theme := range []string{"light", "dark"} {
				b.theme(theme)
				b.visit(sc.path)
				if sc.then != nil {
					sc.then(b)
				}
				at := sc.name + " " + size.name + " " + theme
				b.examine(at, string(axe))
				b.fits(at)
				if *screenshots != "" {
					b.picture(filepath.Join(*screenshots, sc.name+"-"+size.name+"-"+theme+".png"))
				}
			}
		}
	}
}

// TestEveryPageInFinnishFitsAPhone opens every page in Finnish, whose words are longer, in a narrow window.
func TestEveryPageInFinnishFitsAPhone(t *testing.T) {
	s := openPhones(t).stage
	names := furnish(s)
	b := s.browse(t)
	b.visit("/login") // a page to set a cookie on
	for sc := range b.played(names) {
		if sc.name == "nowhere" {
			continue
		}
		b.run("document.cookie = 'lang=fi; Path=/'")
		b.size(360, 780, true)
		b.visit(sc.path)
		if lang := value[string](b, "document.documentElement.lang"); lang != "fi" {
			t.Errorf("%s is in %q", sc.name, lang)
		}
		b.fits(sc.name + " in Finnish")
		// A button says its word in one line, or in two; three would be taller than a thumb.
		if tall := value[string](b, "[...document.querySelectorAll('button, .button, .tabs a, .case-tabs a')].filter(e => e.offsetHeight > 76).map(e => e.innerText).join()"); tall != "" {
			t.Errorf("%s: too much text in a button: %s", sc.name, tall)
		}
		if *screenshots != "" && sc.name == "callback" {
			b.picture(filepath.Join(*screenshots, "callback-finnish.png"))
		}
	}
}

// forget leaves the page, whose scripts would go on to ask, and the session behind.
func (b *browser) forget() {
	b.t.Helper()
	b.do(chromedp.Navigate("about:blank"))
	command(b, network.ClearBrowserCookies, cdp.Empty{})
	b.visit("/login")
}

// size makes the window that of a phone or a desktop.
func (b *browser) size(width, height int64, mobile bool) {
	b.t.Helper()
	if mobile {
		b.do(chromedp.EmulateViewport(width, height, chromedp.EmulateMobile, chromedp.EmulateTouch))
		return
	}
	b.do(chromedp.EmulateViewport(width, height))
}

// theme chooses the device's colours, without motion.
func (b *browser) theme(name string) {
	b.t.Helper()
	command(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: name}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}})
}

// examine lets axe-core look for what keeps people out.
func (b *browser) examine(at, axe string) {
	b.t.Helper()
	b.run(axe + ";0")
	found := value[string](b, `(async () => JSON.stringify((await axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})).violations
		.map(v => v.id + ': ' + v.help + ' ' + v.nodes.slice(0, 4).map(n => n.html.slice(0, 200) + ' ' + (n.any[0]?.message ?? n.failureSummary)).join(' | '))))()`)
	var violations []string
	if err := json.Unmarshal([]byte(found), &violations); err != nil {
		b.t.Fatal(err)
	}
	for _, v := range violations {
		b.t.Errorf("%s: %s", at, v)
	}
}

// fits sees that nothing is wider than the window, and that nothing moves while the page comes.
func (b *browser) fits(at string) {
	b.t.Helper()
	if wide := value[int](b, "document.documentElement.scrollWidth - innerWidth"); wide > 0 {
		b.t.Errorf("%s: %d pixels wider than the window", at, wide)
	}
	shift := value[float64](b, `new Promise(done => {
		let sum = 0;
		new PerformanceObserver(l => { for (const e of l.getEntries()) if (!e.hadRecentInput) sum += e.value; }).observe({type: 'layout-shift', buffered: true});
		setTimeout(() => done(sum), 50);
	})`)
	if shift > 0.1 {
		b.t.Errorf("%s: the layout shifts by %.2f, more than 0.1", at, shift)
	}
}

// picture writes what is in the window.
func (b *browser) picture(path string) {
	b.t.Helper()
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(path, png, 0o600); err != nil {
		b.t.Fatal(err)
	}
}

// TestTheFirstPageIsLightAndOneRoundTrip counts what a first visit loads, compressed as it travels.
func TestTheFirstPageIsLightAndOneRoundTrip(t *testing.T) {
	s := open(t)
	furnish(s)
	b := s.browse(t)
	b.logIn("anna")
	command(b, network.ClearBrowserCache, cdp.Empty{})
	command(b, network.SetBypassServiceWorker, network.SetBypassServiceWorkerParams{Bypass: true})
	b.mu.Lock()
	b.sum = traffic{}
	b.mu.Unlock()
	b.visit("/callback")
	b.until("there are rows", "document.querySelectorAll('#rows .row').length > 5")
	b.mu.Lock()
	sum := b.sum
	b.mu.Unlock()
	if sum.bytes > 100_000 {
		t.Errorf("the first page is %.0f bytes, more than 100 kB", sum.bytes)
	}
	if sum.requests > 20 {
		t.Errorf("the first page takes %d requests, more than 20", sum.requests)
	}
	// The rows are in the page itself: they are there without any script.
	if rows := value[int](b, "fetch('/callback').then(r => r.text()).then(t => (t.match(/class=\"row/g) ?? []).length)"); rows < 6 {
		t.Errorf("the page itself has %d rows", rows)
	}
	t.Logf("the first page: %.0f bytes in %d requests", sum.bytes, sum.requests)
}
