package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"ringback/cases"
	"ringback/cases/intake"
	"ringback/cases/sheet"
)

// Import is a file being brought in, or one that was.
type Import struct {
	ID       string         `json:"id" doc:"Of the import."`
	Kind     string         `json:"kind" enum:"cases,contacts,numbers" doc:"What is in the file."`
	List     string         `json:"list,omitempty" doc:"The list that cases come to."`
	Numbers  string         `json:"numbers,omitempty" enum:"do-not-call,blocked,allowed,personal" doc:"The list that numbers come to."`
	State    string         `json:"state" enum:"waiting,running,done,refused,failed,cancelled" doc:"Refused: rows are wrong and nothing was written. Failed: the file cannot be read, or the store failed."`
	By       string         `json:"by" doc:"Who brings it in."`
	Created  time.Time      `json:"created" doc:"When it came."`
	Ended    *time.Time     `json:"ended,omitempty" doc:"When it was over."`
	Progress ImportProgress `json:"progress" doc:"How far it is."`
	Report   *ImportReport  `json:"report,omitempty" doc:"What it did, or with dry_run would do."`
	Failure  string         `json:"failure,omitempty" doc:"What went wrong."`
}

// ImportProgress is how far an import is.
type ImportProgress struct {
	Checking bool  `json:"checking" doc:"The first reading, in which nothing is written."`
	Done     int64 `json:"done" doc:"Of total, in bytes of the file."`
	Total    int64 `json:"total" doc:"The file's size."`
	Rows     int   `json:"rows" doc:"Read so far."`
	Bad      int   `json:"bad" doc:"Rows that are wrong."`
}

// ImportReport is what an import did, or would do.
type ImportReport struct {
	Rows     int            `json:"rows" doc:"Rows with something in them, the header not counted."`
	Made     int            `json:"made" doc:"Cases or contacts made."`
	Changed  int            `json:"changed" doc:"Contacts that were there and said something else."`
	There    int            `json:"there" doc:"Rows whose case or contact was there already."`
	Bad      int            `json:"bad" doc:"Rows that are wrong."`
	Written  bool           `json:"written" doc:"Whether anything was written: not for a dry run, nor when a row is wrong and all or nothing was wanted."`
	Columns  []ImportColumn `json:"columns" nullable:"false" doc:"What each column was taken for."`
	Problems []RowProblem   `json:"problems" nullable:"false" doc:"What is wrong with rows, the first of them."`
	More     int            `json:"more" doc:"How many further problems there are."`
}

// ImportColumn is a column of a file and what it was taken for.
type ImportColumn struct {
	Name  string `json:"name" doc:"As the first row says, else as spreadsheets do: A, B."`
	Field string `json:"field" doc:"What it was taken for; empty: nothing, it is skipped."`
	Why   string `json:"why" enum:"said,remembered,guessed" doc:"How that is known."`
}

// RowProblem is what is wrong with a row.
type RowProblem struct {
	Row    int    `json:"row" doc:"As a spreadsheet or an editor shows it, from 1; of vCards, the card."`
	Column string `json:"column,omitempty" doc:"The name of the column."`
	Reason string `json:"reason" doc:"A sentence for whoever mends the file."`
}

func reportOf(r *intake.Report) *ImportReport {
	shown := &ImportReport{
		Rows: r.Rows, Made: r.Made, Changed: r.Changed, There: r.There, Bad: r.Bad, Written: r.Written,
		Columns: []ImportColumn{}, Problems: []RowProblem{}, More: r.More,
	}
	for _, c := range r.Columns {
		shown.Columns = append(shown.Columns, ImportColumn{c.Name, c.Field, c.Why})
	}
	for _, p := range r.Problems {
		shown.Problems = append(shown.Problems, RowProblem{p.Row, p.Column, p.Reason})
	}
	return shown
}

// Limits of imports.
const (
	maxImport   = 256 << 20 // bytes of a file
	maxImports  = 200       // remembered
	importsOnce = 2         // at work together
)

// KeptImports keep imports that are over, over restarts.
type KeptImports interface {
	// Keep writes one.
	Keep(ctx context.Context, i Import) error
	// Kept reads them, the oldest first.
	Kept(now time.Time) ([]Import, error)
}

// imports are those at work and those that are over. What is at work when the process dies is not kept: a file that was
// not done is sent again, which makes nothing twice.
type imports struct {
	mu      sync.Mutex
	all     []*importing // the oldest first
	slots   chan struct{}
	running sync.WaitGroup
}

// importing is one of them.
type importing struct {
	shown  Import
	by     string
	cancel context.CancelFunc
}

func newImports(o *Options) *imports {
	i := &imports{slots: make(chan struct{}, importsOnce)}
	if o.Imports == nil {
		return i
	}
	kept, err := o.Imports.Kept(time.Now())
	if err != nil {
		o.Logger.Error("imports of before cannot be read", "err", err)
	}
	for _, one := range kept[max(0, len(kept)-maxImports):] {
		i.all = append(i.all, &importing{shown: one, by: one.By, cancel: func() {}})
	}
	return i
}

// add remembers an import; not ok: there are as many as may be, and none is over.
func (i *imports) add(one *importing) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.all) >= maxImports {
		over := slices.IndexFunc(i.all, func(o *importing) bool { return o.shown.Ended != nil })
		if over < 0 {
			return false
		}
		i.all = slices.Delete(i.all, over, over+1)
	}
	i.all = append(i.all, one)
	return true
}

// stop ends all imports and waits for them, no longer than ctx allows.
func (i *imports) stop(ctx context.Context) error {
	i.mu.Lock()
	for _, one := range i.all {
		one.cancel()
	}
	i.mu.Unlock()
	return waitFor(ctx, &i.running)
}

// find is an import as it is now.
func (i *imports) find(id string) (Import, string, bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, one := range i.all {
		if one.shown.ID == id {
			return one.shown, one.by, true
		}
	}
	return Import{}, "", false
}

// change changes an import.
func (i *imports) change(one *importing, change func(*Import)) {
	i.mu.Lock()
	defer i.mu.Unlock()
	change(&one.shown)
}

// acceptedImport is an operation that takes a file and answers before it is read.
func acceptedImport(op huma.Operation) huma.Operation {
	op.DefaultStatus = http.StatusAccepted
	op.RequestBody = &huma.RequestBody{Required: true, Description: "The file itself.", Content: map[string]*huma.MediaType{
		"application/octet-stream": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}},
		"text/csv":                 {Schema: &huma.Schema{Type: huma.TypeString}},
		"text/vcard":               {Schema: &huma.Schema{Type: huma.TypeString}},
		"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}},
	}}
	return op
}

func (s *Server) registerImports(api huma.API) {
	if s.o.Intake != nil {
		handle(s, api, acceptedImport(operation(http.MethodPost, "/v1/lists/{list}/imports", "import-cases", "lists", "Import a file of customers to call",
			"Takes a CSV or XLSX file of up to 256 MiB as the body and answers at once; ask the import how it goes. The whole file is checked before anything is written: "+
				"one bad row and nothing is, unless partial is asked for. Rows whose external id the list has make nothing again. "+
				"What the columns are is found out from their names, or said with column=Name:field, and remembered for the list.",
			http.StatusForbidden, http.StatusNotFound, http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusTooManyRequests)), s.importCases)
		handle(s, api, operation(http.MethodGet, "/v1/lists/{list}/mapping", "get-mapping", "lists", "What a list's columns are",
			"What is remembered of the columns of files imported for the list.", http.StatusForbidden, http.StatusNotFound), s.mapping)
		handle(s, api, operation(http.MethodGet, "/v1/lists/{list}/imports", "list-imports", "lists", "Imports of a list", "The latest first.",
			http.StatusForbidden, http.StatusNotFound), s.listImports)
	}
	if s.o.Contacts != nil {
		handle(s, api, acceptedImport(operation(http.MethodPost, "/v1/contacts/imports", "import-contacts", "contacts", "Import a file of contacts",
			"Takes a CSV, XLSX or vCard file as the body, like the import of cases. Importing the same file again changes nothing.",
			http.StatusForbidden, http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusTooManyRequests)), s.importContacts)
	}
	handle(s, api, operation(http.MethodGet, "/v1/imports/{id}", "get-import", "lists", "How an import goes",
		"Its state, progress and, when it is over, its report with every bad row.", http.StatusForbidden, http.StatusNotFound), s.getImport)
	cancel := operation(http.MethodDelete, "/v1/imports/{id}", "cancel-import", "lists", "Stop an import",
		"What was written until then stays.", http.StatusForbidden, http.StatusNotFound)
	cancel.DefaultStatus = http.StatusNoContent
	handle(s, api, cancel, s.cancelImport)
}

// ImportFile is what every import's request has. Huma reads embedded structs only when they are exported.
type ImportFile struct {
	KeyHead
	Columns []string `query:"column,explode" maxItems:"256" doc:"What a column is, as Telephone:number; once for each that is to be said. Fields: number, name, topic, note, due, expires, external_id, agent, company, extra, skip."`
	Partial bool     `query:"partial" doc:"Bring in the rows that are right, whatever the others are."`
	DryRun  bool     `query:"dry_run" doc:"Write nothing: only tell what would be."`

	body io.Reader
}

// Resolve implements huma.Resolver: the body is read as it comes.
func (f *ImportFile) Resolve(ctx huma.Context) []error {
	f.body = ctx.BodyReader()
	return nil
}

// columns are what the request says of columns, by their names.
func (f *ImportFile) columns() (map[string]string, error) {
	said := map[string]string{}
	for _, pair := range f.Columns {
		at := strings.LastIndexByte(pair, ':')
		if at <= 0 {
			return nil, invalid("query.column", "write a column and what it is, as Telephone:number")
		}
		said[pair[:at]] = pair[at+1:]
	}
	return said, nil
}

type importOutput struct {
	Location string `header:"Location" doc:"Where to ask how it goes."`
	Body     Import
}

func (s *Server) importCases(ctx context.Context, in *struct {
	ListID
	ImportFile
},
) (*importOutput, error) {
	if err := s.mayOn(ctx, in.List, "path.list"); err != nil {
		return nil, err
	}
	columns, err := in.columns()
	if err != nil {
		return nil, err
	}
	c := callerOf(ctx)
	return s.startImport(ctx, &in.ImportFile, Import{Kind: "cases", List: in.List}, func(ctx context.Context, f intake.File, progress func(intake.Progress)) (intake.Report, error) {
		return s.o.Intake.Import(ctx, f, intake.CasesOptions{
			List: in.List, Act: cases.Act{Agent: c.ID, At: time.Now(), By: c.Who(), Peer: c.address},
			Columns: columns, Partial: in.Partial, Try: in.DryRun, Progress: progress, Tell: s.told,
		})
	})
}

func (s *Server) importContacts(ctx context.Context, in *struct{ ImportFile }) (*importOutput, error) {
	columns, err := in.columns()
	if err != nil {
		return nil, err
	}
	c := callerOf(ctx)
	return s.startImport(ctx, &in.ImportFile, Import{Kind: "contacts"}, func(ctx context.Context, f intake.File, progress func(intake.Progress)) (intake.Report, error) {
		return intake.Contacts(ctx, s.o.Contacts, f, intake.ContactsOptions{
			Act: contactAct(c, newAct()), Country: s.o.Lists().File().Country, Columns: columns, Partial: in.Partial, Try: in.DryRun, Progress: progress,
		})
	})
}

// startImport takes a file in and lets it be read while the request is answered.
func (s *Server) startImport(ctx context.Context, in *ImportFile, shown Import, read func(context.Context, intake.File, func(intake.Progress)) (intake.Report, error)) (*importOutput, error) {
	f, err := spool(in.body)
	if err != nil {
		return nil, err
	}
	c := callerOf(ctx)
	what := []any{shown.Kind, shown.List, shown.Numbers, in.Columns, in.Partial, in.DryRun, f.sum}
	id, err := s.once(ctx, in.KeyHead, what, func(act string) (string, error) {
		shown.ID, shown.State, shown.By, shown.Created = idOf(act), "waiting", c.String(), time.Now().UTC()
		shown.Progress = ImportProgress{Checking: true, Total: f.size}
		working, cancel := context.WithCancel(context.Background())
		one := &importing{shown: shown, by: c.String(), cancel: cancel}
		if !s.imports.add(one) {
			cancel()
			return "", tryLater(time.Minute, "Too many imports are at work.")
		}
		taken := f
		f = nil // the import's now
		s.imports.running.Go(func() {
			defer cancel()
			defer taken.close()
			s.runImport(working, one, taken, read)
		})
		return shown.ID, nil
	})
	if f != nil {
		f.close()
	}
	if err != nil {
		return nil, err
	}
	now, _, ok := s.imports.find(id)
	if !ok {
		return nil, problem(http.StatusConflict, "forgotten", "This import was begun before and is no longer known here: if it was not done, send the file again with another Idempotency-Key.")
	}
	return &importOutput{"/v1/imports/" + id, now}, nil
}

// runImport reads a file when it is its turn, and notes what came of it.
func (s *Server) runImport(ctx context.Context, one *importing, f *spooled, read func(context.Context, intake.File, func(intake.Progress)) (intake.Report, error)) {
	select {
	case s.imports.slots <- struct{}{}:
		defer func() { <-s.imports.slots }()
	case <-ctx.Done():
	}
	s.imports.change(one, func(i *Import) { i.State = "running" })
	report, err := read(ctx, intake.File{ReaderAt: f.file, Size: f.size}, func(p intake.Progress) {
		s.imports.change(one, func(i *Import) { i.Progress = ImportProgress(p) })
	})
	s.imports.change(one, func(i *Import) {
		ended := time.Now().UTC()
		i.Ended, i.Report, i.State = &ended, reportOf(&report), "done"
		i.Progress.Rows, i.Progress.Bad, i.Progress.Done = report.Rows, report.Bad, i.Progress.Total
		switch {
		case ctx.Err() != nil:
			i.State = "cancelled"
		case err != nil:
			i.State, i.Failure = "failed", s.failureOf(err)
		case !report.Written && report.Bad > 0:
			i.State = "refused"
		}
	})
	if s.o.Imports == nil {
		return
	}
	over, _, _ := s.imports.find(one.shown.ID)
	if err := s.o.Imports.Keep(context.WithoutCancel(ctx), over); err != nil {
		s.o.Logger.Error("an import that is over is not kept", "err", err)
	}
}

// failureOf says in a sentence why a file was not imported.
func (s *Server) failureOf(err error) string {
	for _, known := range []error{
		intake.ErrNoList, intake.ErrNoNumber, intake.ErrColumn, intake.ErrEmpty, intake.ErrCard,
		sheet.ErrFormat, sheet.ErrDamaged, sheet.ErrTooBig, sheet.ErrEncoding,
	} {
		if errors.Is(err, known) {
			return err.Error()
		}
	}
	s.o.Logger.Error("an import failed", "err", err)
	return s.problemOf(err).Detail
}

// idOf is the id of something named by an act, which may hold anything.
func idOf(act string) string { return versionOfValue(act) }

type importInput struct {
	ID string `path:"id" maxLength:"64" doc:"The import's id."`
}

// findImport is an import that a caller may see: of a list he may import to, or his own.
func (s *Server) findImport(ctx context.Context, id string) (Import, error) {
	i, by, ok := s.imports.find(id)
	c := callerOf(ctx)
	switch {
	case !ok:
	case i.List != "":
		if seen, may := s.may(ctx, i.List); seen && may {
			return i, nil
		}
	case by == c.String() || c.All(s.o.Lists()):
		return i, nil
	}
	return Import{}, huma.Error404NotFound("There is no such import.")
}

type importShown struct {
	Body Import
}

func (s *Server) getImport(ctx context.Context, in *importInput) (*importShown, error) {
	i, err := s.findImport(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &importShown{i}, nil
}

func (s *Server) cancelImport(ctx context.Context, in *importInput) (*struct{}, error) {
	if _, err := s.findImport(ctx, in.ID); err != nil {
		return nil, err
	}
	s.imports.mu.Lock()
	defer s.imports.mu.Unlock()
	for _, one := range s.imports.all {
		if one.shown.ID == in.ID {
			one.cancel()
		}
	}
	return &struct{}{}, nil
}

type importsOutput struct {
	Body struct {
		Imports []Import `json:"imports" nullable:"false" doc:"The latest first."`
	}
}

func (s *Server) listImports(ctx context.Context, in *ListID) (*importsOutput, error) {
	if err := s.mayOn(ctx, in.List, "path.list"); err != nil {
		return nil, err
	}
	out := &importsOutput{}
	out.Body.Imports = []Import{}
	s.imports.mu.Lock()
	defer s.imports.mu.Unlock()
	for _, one := range slices.Backward(s.imports.all) {
		if one.shown.List == in.List {
			out.Body.Imports = append(out.Body.Imports, one.shown)
		}
	}
	return out, nil
}

type mappingOutput struct {
	Body struct {
		Columns []Mapping `json:"columns" nullable:"false" doc:"By name."`
	}
}

// Mapping is what a column of a list's files is.
type Mapping struct {
	Column string `json:"column" doc:"Its name."`
	Field  string `json:"field" doc:"What it is."`
}

func (s *Server) mapping(ctx context.Context, in *ListID) (*mappingOutput, error) {
	if err := s.mayOn(ctx, in.List, "path.list"); err != nil {
		return nil, err
	}
	columns, err := s.o.Intake.Memory.Columns(in.List)
	if err != nil {
		return nil, fmt.Errorf("reading what the columns of %s are: %w", in.List, err)
	}
	out := &mappingOutput{}
	out.Body.Columns = []Mapping{}
	for name, field := range columns {
		out.Body.Columns = append(out.Body.Columns, Mapping{name, field})
	}
	slices.SortFunc(out.Body.Columns, func(a, b Mapping) int { return cmp.Compare(a.Column, b.Column) })
	return out, nil
}
