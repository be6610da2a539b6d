package app

import (
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/klauspost/compress/gzhttp"

	"ringback/web/client"
)

// Options of an App.
type Options struct {
	API    http.Handler   // the REST API that pages are made from
	URL    string         // that people reach the app by, for links to give away; empty: whatever a request names as its host
	Logger *slog.Logger   // nil: none
	Zone   *time.Location // of times, where a browser does not tell its own; nil: UTC
}

// App serves the pages. Its methods may be called from any goroutine.
type App struct {
	o      Options
	pages  *pages
	assets *assets
	inside *inside
	mux    *http.ServeMux
}

// New makes the app.
func New(o Options) *App {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	a := &App{o: o, assets: theAssets(), inside: &inside{api: o.API}, mux: http.NewServeMux()}
	a.pages = newPages(a.assets)
	for _, r := range routes {
		a.mux.Handle(r.pattern, a.visited(r))
	}
	a.mux.Handle("GET "+assetsPath, a.assets)
	a.mux.Handle("GET /favicon.ico", http.RedirectHandler(must(a.assets.address("icon-192.png")), http.StatusFound))
	a.mux.HandleFunc("GET /manifest.webmanifest", a.assets.serveManifest)
	return a
}

// must is what is made at the start of our own files, which cannot be wrong but by a mistake of ours: that shows at once.
func must[T any](made T, err error) T {
	if err != nil {
		panic(err)
	}
	return made
}

// Handler is what serves the pages.
func (a *App) Handler() http.Handler { return secured(gzhttp.GzipHandler(a.mux)) }

// route is a page or what a form does.
type route struct {
	pattern string
	open    bool // also for those who are not logged in
	serve   func(*visit) error
}

// routes are all pages, and what their forms do. Forms answer with the page to go on with.
var routes = []route{
	{pattern: "GET /{$}", serve: home},
	{pattern: "GET /login", open: true, serve: loginPage},
	{pattern: "POST /login", open: true, serve: logIn},
	{pattern: "POST /logout", serve: logOut},
	{pattern: "GET /offline", open: true, serve: offlinePage},
	{pattern: "GET /sw.js", open: true, serve: worker},

	{pattern: "GET /callback", serve: callbackPage},
	{pattern: "GET /call-list", serve: callListPage},
	{pattern: "GET /closed", serve: closedPage},
	{pattern: "GET /search", serve: searchPage},
	{pattern: "GET /hints", serve: hintsPart},
	{pattern: "POST /hints/{call}/dismiss", serve: dismissHint},

	{pattern: "GET /view", serve: viewPage},
	{pattern: "POST /view", serve: saveView},
	{pattern: "GET /lists", serve: listsPage},
	{pattern: "POST /lists/{list}/active", serve: setActive},
	{pattern: "GET /notifications", serve: notifyPage},
	{pattern: "POST /notifications", serve: saveNotify},
	{pattern: "POST /notifications/{id}/{do}", serve: changeDevice},
	{pattern: "GET /telephone", serve: telephonePage},
	{pattern: "POST /telephone", serve: saveTelephone},
	{pattern: "GET /pins", serve: pinsPage},
	{pattern: "POST /pins/{class}", serve: setPIN},
	{pattern: "GET /more", serve: morePage},
	{pattern: "GET /keys", serve: keysPage},
	{pattern: "POST /device", serve: saveDevice},

	{pattern: "GET /board", serve: boardPage},
	{pattern: "GET /statistics", serve: statisticsPage},
	{pattern: "GET /feeds", serve: feedsPage},
	{pattern: "GET /numbers", serve: numbersPage},
	{pattern: "POST /numbers/import", serve: importNumbers},
	{pattern: "POST /numbers/{do}", serve: changeNumbers},
	{pattern: "GET /directory", serve: directoryPage},
	{pattern: "POST /directory", serve: changeDirectory},
	{pattern: "GET /people", serve: peoplePage},
	{pattern: "POST /people/{id}/{do}", serve: changePerson},
	{pattern: "GET /run", serve: runPage},
	{pattern: "GET /run/{list}", serve: settingsPage},
	{pattern: "POST /run/{list}", serve: saveSettings},

	{pattern: "GET /schedule", serve: plansPage},
	{pattern: "POST /schedule/{id}/cancel", serve: cancelPlan},
	{pattern: "POST /schedule", serve: changeCalendar},

	{pattern: "GET /calls/{id}/journey", serve: callJourneyPage},
	{pattern: "GET /customers/{number}/journey", serve: customerJourneyPage},

	{pattern: "POST /messages/{id}/heard", serve: hearMessage},
	{pattern: "POST /messages/{id}/delete", serve: deleteMessage},

	{pattern: "GET /next", serve: nextPage},
	{pattern: "POST /next", serve: nextCase},
	{pattern: "POST /batch", serve: batch},
	{pattern: "POST /acts/{act}/undo", serve: undoAct},

	{pattern: "GET /cases/new", serve: newCasePage},
	{pattern: "POST /cases", serve: createCase},
	{pattern: "GET /cases/{id}", serve: detailsPage},
	{pattern: "GET /cases/{id}/handling", serve: handlingPage},
	{pattern: "GET /cases/{id}/history", serve: historyPage},
	{pattern: "GET /cases/{id}/row", serve: rowPart},
	{pattern: "GET /cases/{id}/actions", serve: actionsPage},
	{pattern: "GET /cases/{id}/comment", serve: commentPage},
	{pattern: "GET /cases/{id}/contact", serve: contactPage},
	{pattern: "POST /cases/{id}/contact", serve: saveContact},
	{pattern: "GET /cases/{id}/edit", serve: editPage},
	{pattern: "POST /cases/{id}/edit", serve: editCase},
	{pattern: "POST /cases/{id}/handling", serve: handle},
	{pattern: "POST /cases/{id}/assign", serve: assign},
	{pattern: "POST /cases/{id}/unassign", serve: unassign},
	{pattern: "POST /cases/{id}/accept", serve: accept},
	{pattern: "POST /cases/{id}/attempt", serve: attempt},
	{pattern: "POST /cases/{id}/do-not-call", serve: doNotCall},
	{pattern: "GET /cases/{id}/call", serve: phonePage},
	{pattern: "POST /cases/{id}/call", serve: callByPhone},
	{pattern: "POST /cases/{id}/call/cancel", serve: hangUp},
	{pattern: "POST /offers/{id}/{do}", serve: answerOffer},
	{pattern: "GET /cases/{id}/schedule", serve: schedulePage},
	{pattern: "POST /cases/{id}/schedule", serve: scheduleCall},
	{pattern: "POST /cases/{id}/comment", serve: comment},
	{pattern: "POST /cases/{id}/call-later", serve: callLater},
	{pattern: "POST /cases/{id}/await", serve: await},
	{pattern: "POST /cases/{id}/close", serve: closeCase},
	{pattern: "POST /cases/{id}/reopen", serve: reopen},
	{pattern: "POST /cases/{id}/keep-open", serve: keepOpen},
	{pattern: "POST /cases/{id}/undo", serve: undoCase},

	{pattern: "GET /", serve: nowhere},
}

// visited serves a route: it finds out who asks, and shows what went wrong as a page.
func (a *App) visited(r route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		v := a.visit(w, req)
		err := v.begin(r.open)
		if err == nil {
			err = r.serve(v)
		}
		if err != nil {
			v.fail(err)
		}
	})
}

// errNowhere is the answer to an address that is no page.
var errNowhere = errors.New("app: there is no such page")

func nowhere(*visit) error { return errNowhere }

type emptyView struct{ head }

// offlinePage is what the service worker shows when there is no network.
func offlinePage(v *visit) error {
	return v.show(http.StatusOK, "offline", emptyView{v.head(v.say("No connection"), "")})
}

func home(v *visit) error { return v.goTo("/callback") }

// policy is what pages may load and do: our own files and API, and nothing from elsewhere.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; connect-src 'self'; " +
	"manifest-src 'self'; worker-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// secured sets what tells browsers how careful to be with pages.
func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
		if !strings.HasPrefix(r.URL.Path, assetsPath) {
			h.Set("Cache-Control", "private, no-cache")
		}
		next.ServeHTTP(w, r)
	})
}

// isOut says whether an error of the API means that nobody is logged in.
func isOut(err error) bool { return errors.Is(err, client.ErrUnauthorized) }
