package app

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"path"
	"strings"

	"ringback/web"
)

//go:embed templates/*.html
var templateFiles embed.FS

// pages are the templates, made once for each language.
type pages struct {
	assets *assets
	byLang map[string]map[string]*template.Template // by language and page
}

// shared are templates that pages use: layout.html around each, and parts.
const shared = "templates/part_*.html"

func newPages(a *assets) *pages {
	p := &pages{assets: a, byLang: map[string]map[string]*template.Template{}}
	for _, l := range languages {
		words := printers[l.Code]
		base := must(template.New("layout.html").Funcs(template.FuncMap{
			"t":     words.Sprintf,
			"asset": a.address,
			"icon":  a.icon,
			"group": group,
			"path":  url.PathEscape,
		}).ParseFS(templateFiles, "templates/layout.html", shared))
		set := map[string]*template.Template{}
		for _, n := range must(templateFiles.ReadDir("templates")) {
			name := strings.TrimSuffix(n.Name(), ".html")
			if name == "layout" || strings.HasPrefix(name, "part_") {
				continue
			}
			set[name] = must(must(base.Clone()).ParseFS(templateFiles, path.Join("templates", n.Name())))
		}
		set["part"] = base
		p.byLang[l.Code] = set
	}
	return p
}

// group makes what a part of a template needs of several values: group "Row" .Row "Open" true.
func group(pairs ...any) (map[string]any, error) {
	m := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		key, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("app: %v is no name", pairs[i])
		}
		m[key] = pairs[i+1]
	}
	return m, nil
}

// head is what every page has.
type head struct {
	Title  string
	Tab    string // the entry of the menu it is under
	Lang   string
	Theme  string // device, light or dark
	Zone   string
	Path   string // to come back to
	Me     web.Me
	In     bool // somebody is logged in
	Beside bool // a case is to stand beside the list
	Told   *told
	Menu   []entry // of the bottom bar, or the side
	Blank  told    // for the script to fill
}

// entry leads somewhere.
type entry struct {
	ID, Address, Icon, Name string
	Here                    bool
}

func (v *visit) head(title, tab string) head {
	h := head{
		Title: title, Tab: tab, Lang: v.lang, Theme: v.prefer.Theme, Zone: v.zone.String(), Path: v.r.URL.RequestURI(),
		Me: v.me, In: v.me.ID != "", Told: v.toldBefore(),
	}
	if h.Theme == "" {
		h.Theme = "device"
	}
	if h.In {
		h.Beside = (tab == "callback" || tab == "call-list") && v.r.URL.Query().Get("case") != ""
		h.Menu = v.menu(tab)
	}
	return h
}

// menu is what can be gone to from everywhere.
func (v *visit) menu(tab string) []entry {
	all := []entry{
		{ID: "callback", Address: "/callback", Icon: "callback", Name: v.say("Callback")},
		{ID: "call-list", Address: "/call-list", Icon: "list", Name: v.say("Call list")},
		{ID: "search", Address: "/search", Icon: "search", Name: v.say("Search")},
		{ID: "more", Address: "/more", Icon: "more", Name: v.say("More")},
	}
	for i := range all {
		all[i].Here = all[i].ID == tab
	}
	return all
}

// show writes a page; to a script that opens it as a sheet over another only what is in its middle.
func (v *visit) show(status int, page string, view any) error {
	if v.r.Header.Get("X-Part") == "main" {
		return v.write(status, page, "main", view)
	}
	return v.write(status, page, "layout.html", view)
}

// again answers a form that is not right with its page, in which it says so. A script puts it where the form was.
func (v *visit) again(page string, view any) error {
	if v.part() {
		v.w.Header().Set("X-Form", "again")
		return v.write(http.StatusUnprocessableEntity, page, "main", view)
	}
	return v.show(http.StatusUnprocessableEntity, page, view)
}

// showPart writes a part of a page, for a script.
func (v *visit) showPart(part string, view any) error {
	return v.write(http.StatusOK, "part", part, view)
}

func (v *visit) write(status int, page, name string, view any) error {
	t := v.app.pages.byLang[v.lang][page]
	if t == nil {
		return fmt.Errorf("app: there is no template %s", page)
	}
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, name, view); err != nil {
		return fmt.Errorf("app: %w", err)
	}
	h := v.w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", v.lang)
	h.Add("Vary", "Cookie, Accept-Language, X-Part")
	v.w.WriteHeader(status)
	_, _ = v.w.Write(b.Bytes()) // The browser may be gone; there is nobody left to tell.
	return nil
}
