package app

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/json"
	"html/template"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"regexp"
	"strings"
	"sync"
	"time"
)

// assetsPath is where files are that no visit changes.
const assetsPath = "/static/"

//go:embed static
var staticFiles embed.FS

// asset is one file, under an address that has its checksum: what is there never changes.
type asset struct {
	address string
	kind    string
	body    []byte
}

// assets are styles, scripts and pictures. Whatever names another of them names it with its checksum.
type assets struct {
	byName    map[string]*asset // as app.css
	byAddress map[string]*asset
	icons     map[string]template.HTML
}

// theAssets are the embedded ones, made once.
var theAssets = sync.OnceValue(newAssets)

// imported finds what a script imports of its neighbours.
var imported = regexp.MustCompile(`from '\./([a-z]+\.js)'`)

func newAssets() *assets {
	a := &assets{byName: map[string]*asset{}, byAddress: map[string]*asset{}, icons: map[string]template.HTML{}}
	names, err := fs.Glob(staticFiles, "static/*")
	if err != nil {
		panic(err)
	}
	for _, name := range names {
		a.add(path.Base(name))
	}
	a.readIcons()
	return a
}

// add takes a file in, after those that it imports: scripts import each other in no circle.
func (a *assets) add(name string) *asset {
	if done := a.byName[name]; done != nil {
		return done
	}
	body, err := staticFiles.ReadFile("static/" + name)
	if err != nil {
		panic(err)
	}
	if path.Ext(name) == ".js" {
		body = imported.ReplaceAllFunc(body, func(m []byte) []byte {
			return []byte("from '" + a.add(string(imported.FindSubmatch(m)[1])).address + "'")
		})
	}
	sum := sha256.Sum256(body)
	ext := path.Ext(name)
	one := &asset{
		address: assetsPath + strings.TrimSuffix(name, ext) + "." + base64.RawURLEncoding.EncodeToString(sum[:9]) + ext,
		kind:    mime.TypeByExtension(ext), body: body,
	}
	if ext == ".js" {
		one.kind = "text/javascript; charset=utf-8"
	}
	a.byName[name], a.byAddress[one.address] = one, one
	return one
}

// address is where a file is.
func (a *assets) address(name string) string {
	one := a.byName[name]
	if one == nil {
		panic("app: there is no static/" + name)
	}
	return one.address
}

// symbol finds the pictures in icons.svg.
var symbol = regexp.MustCompile(`(?s)<symbol id="([a-z-]+)"([^>]*)>(.*?)</symbol>`)

// readIcons reads the pictures, which pages hold inline: no request, and they take the text's colour.
func (a *assets) readIcons() {
	for _, m := range symbol.FindAllSubmatch(a.byName["icons.svg"].body, -1) {
		a.icons[string(m[1])] = template.HTML(`<svg class="icon" aria-hidden="true" focusable="false"` + string(m[2]) + `>` + string(bytes.TrimSpace(m[3])) + `</svg>`) //nolint:gosec // our own file
	}
}

func (a *assets) icon(name string) template.HTML {
	svg, ok := a.icons[name]
	if !ok {
		panic("app: icons.svg has no " + name)
	}
	return svg
}

// ServeHTTP serves a file for ever.
func (a *assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	one := a.byAddress[r.URL.Path]
	if one == nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", one.kind)
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(one.body))
}

// worker serves the service worker, which has to stand at the root to look after all pages, with the files it
// keeps and with what it says.
func (a *assets) worker(w http.ResponseWriter, r *http.Request, words []byte) {
	kept, err := json.Marshal([]string{a.address("app.css"), a.address("app.js"), a.address("icon.svg")})
	if err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache")
	body := bytes.Replace(a.byName["worker.js"].body, []byte("/* kept */ []"), kept, 1)
	body = bytes.Replace(body, []byte("/* words */ { reasons: {} }"), words, 1)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}

// manifest says how the app is installed.
func (a *assets) manifest(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/manifest+json")
	w.Header().Set("Cache-Control", "no-cache")
	m := map[string]any{
		"name": "Ringback", "short_name": "Ringback", "id": "/", "start_url": "/callback", "scope": "/", "display": "standalone",
		"background_color": "#ffffff", "theme_color": "#0b5d4e",
		"icons": []map[string]string{
			{"src": a.address("icon.svg"), "sizes": "any", "type": "image/svg+xml", "purpose": "any"},
			{"src": a.address("icon-192.png"), "sizes": "192x192", "type": "image/png"},
			{"src": a.address("icon-512.png"), "sizes": "512x512", "type": "image/png", "purpose": "any"},
			{"src": a.address("icon-maskable-512.png"), "sizes": "512x512", "type": "image/png", "purpose": "maskable"},
		},
	}
	_ = json.NewEncoder(w).Encode(m) // The browser may be gone.
}
