package app

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
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
	worker    []byte // the service worker, which names the files that it keeps
	manifest  []byte
}

// theAssets are the embedded ones, made once.
var theAssets = sync.OnceValue(newAssets)

// imported finds what a script imports of its neighbours.
var imported = regexp.MustCompile(`from '\./([a-z]+\.js)'`)

func newAssets() *assets {
	a := &assets{byName: map[string]*asset{}, byAddress: map[string]*asset{}, icons: map[string]template.HTML{}}
	for _, name := range must(fs.Glob(staticFiles, "static/*")) {
		a.add(path.Base(name))
	}
	a.readIcons()
	kept := must(json.Marshal([]string{must(a.address("app.css")), must(a.address("app.js")), must(a.address("icon.svg"))}))
	a.worker = bytes.Replace(a.byName["worker.js"].body, []byte("/* kept */ []"), kept, 1)
	a.manifest = must(json.Marshal(a.installed()))
	return a
}

// add takes a file in, after those that it imports: scripts import each other in no circle.
func (a *assets) add(name string) *asset {
	if done := a.byName[name]; done != nil {
		return done
	}
	body := must(staticFiles.ReadFile("static/" + name))
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
func (a *assets) address(name string) (string, error) {
	one := a.byName[name]
	if one == nil {
		return "", fmt.Errorf("app: there is no static/%s", name)
	}
	return one.address, nil
}

// symbol finds the pictures in icons.svg.
var symbol = regexp.MustCompile(`(?s)<symbol id="([a-z-]+)"([^>]*)>(.*?)</symbol>`)

// readIcons reads the pictures, which pages hold inline: no request, and they take the text's colour.
func (a *assets) readIcons() {
	for _, m := range symbol.FindAllSubmatch(a.byName["icons.svg"].body, -1) {
		a.icons[string(m[1])] = template.HTML(`<svg class="icon" aria-hidden="true" focusable="false"` + string(m[2]) + `>` + string(bytes.TrimSpace(m[3])) + `</svg>`) //nolint:gosec // our own file
	}
}

func (a *assets) icon(name string) (template.HTML, error) {
	svg, ok := a.icons[name]
	if !ok {
		return "", fmt.Errorf("app: icons.svg has no %q", name)
	}
	return svg, nil
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

// serveWorker serves the service worker, which has to stand at the root to look after all pages, with what it says.
func (a *assets) serveWorker(w http.ResponseWriter, r *http.Request, words []byte) {
	w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache")
	body := bytes.Replace(a.worker, []byte("/* words */ { reasons: {} }"), words, 1)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}

// serveManifest says how the app is installed.
func (a *assets) serveManifest(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/manifest+json")
	w.Header().Set("Cache-Control", "no-cache")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(a.manifest))
}

// installed is what the manifest says.
func (a *assets) installed() map[string]any {
	icon := func(name, sizes, kind, purpose string) map[string]string {
		return map[string]string{"src": must(a.address(name)), "sizes": sizes, "type": kind, "purpose": purpose}
	}
	return map[string]any{
		"name": "Ringback", "short_name": "Ringback", "id": "/", "start_url": "/callback", "scope": "/", "display": "standalone",
		"background_color": "#ffffff", "theme_color": "#0b5d4e",
		"icons": []map[string]string{
			icon("icon.svg", "any", "image/svg+xml", "any"),
			icon("icon-192.png", "192x192", "image/png", "any"),
			icon("icon-512.png", "512x512", "image/png", "any"),
			icon("icon-maskable-512.png", "512x512", "image/png", "maskable"),
		},
	}
}
