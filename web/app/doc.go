// Package app is the agents' app: pages made on the server from typed views, for a phone first and as good on
// a desktop. It is a client of the REST API like any other (web/client), in the same process: every page reads
// and changes things by requests to the API with the session of whoever asked for the page. So there is one set
// of permissions, checks and limits, and what the app can do, anybody's program can.
//
// A page is a row in [routes], a handler in the file of its subject, a view (the data of its template) beside
// it, and a template of the same name in templates/. Everything works with links and forms alone. The scripts
// in static/ are a few small modules on top: they swap parts of pages for what the server renders, follow the
// event stream, and take gestures. Words are English in the code and translated by the catalogues in text/.
//
//   - app.go: the routes and what surrounds every page
//   - visit.go: one request of one person: who he is, in which language, and the client that acts for him
//   - inside.go: how requests reach the API without a network
//   - pages.go: templates, and what all pages have
//   - words.go, naming.go, when.go: languages, what words of the API are called, and times
//   - assets.go: styles, scripts and pictures, addressed by checksum
package app
