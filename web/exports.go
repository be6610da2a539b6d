package web

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"ringback/cases"
	"ringback/cases/export"
	"ringback/cases/sheet"
	"ringback/directory/audit"
	"ringback/sip"
)

// exportsOnce is how many tables are written at once: each reads as fast as its reader takes.
const exportsOnce = 4

// tableOf is an operation that answers with a table.
func tableOf(path, id, tag, summary, description string) huma.Operation {
	op := operation(http.MethodGet, path, id, tag, summary, description, http.StatusForbidden, http.StatusTooManyRequests)
	op.Responses = map[string]*huma.Response{"200": {Description: "The table, as it is read", Content: map[string]*huma.MediaType{}}}
	for _, f := range []sheet.Format{sheet.CSV, sheet.XLSX, sheet.JSON} {
		bare, _, _ := strings.Cut(f.ContentType(), ";")
		op.Responses["200"].Content[bare] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
	}
	return op
}

func (s *Server) registerExports(api huma.API) {
	handle(s, api, tableOf("/v1/exports/cases", "export-cases", "lists", "Cases as a table", "The cases of lists you supervise, the oldest first."),
		func(ctx context.Context, in *ExportFilter) (*huma.StreamResponse, error) {
			return s.export(ctx, in, "cases", func(ctx context.Context, w io.Writer, o export.Options) error {
				return export.Cases(ctx, w, s.o.Cases, o)
			})
		})
	handle(s, api, tableOf("/v1/exports/history", "export-history", "lists", "Histories as a table",
		"What happened to the cases of lists you supervise: case by case, the oldest entry first."),
		func(ctx context.Context, in *ExportFilter) (*huma.StreamResponse, error) {
			return s.export(ctx, in, "history", func(ctx context.Context, w io.Writer, o export.Options) error {
				return export.History(ctx, w, s.o.Cases, o)
			})
		})
	handle(s, api, tableOf("/v1/exports/statistics", "export-statistics", "statistics", "Statistics as a table", "What became of the cases of lists you supervise."),
		func(ctx context.Context, in *struct {
			ExportFilter
			By string `query:"by" enum:"all,list,reason,hour,day" default:"all" doc:"What each row is about."`
		},
		) (*huma.StreamResponse, error) {
			return s.export(ctx, &in.ExportFilter, "statistics", func(ctx context.Context, w io.Writer, o export.Options) error {
				return export.Statistics(ctx, w, s.o.Cases, byWords[in.By], o)
			})
		})
	if s.o.Contacts != nil {
		handle(s, api, tableOf("/v1/exports/contacts", "export-contacts", "contacts", "Contacts as a table", "All contacts."),
			func(ctx context.Context, in *TableFormat) (*huma.StreamResponse, error) {
				return s.export(ctx, &ExportFilter{TableFormat: *in}, "contacts", func(ctx context.Context, w io.Writer, o export.Options) error {
					return export.Contacts(ctx, w, s.o.Contacts, o)
				})
			})
	}
}

// TableFormat is how a table is written. Huma reads embedded structs only when they are exported.
type TableFormat struct {
	Format string `query:"format" enum:"csv,xlsx,json" default:"csv" doc:"The kind of file."`
	Zone   string `query:"zone" maxLength:"64" doc:"The time zone of times in CSV and XLSX, as Europe/Helsinki. Absent: UTC."`
}

// ExportFilter is what is written into a table. Huma reads embedded structs only when they are exported.
type ExportFilter struct {
	TableFormat
	Lists []string  `query:"lists" maxItems:"1000" doc:"Only of these lists, separated by commas."`
	State string    `query:"state" enum:"open,closed" doc:"Of cases and histories: only open, or closed, ones."`
	From  time.Time `query:"from" doc:"Only cases opened then and later."`
	To    time.Time `query:"to" doc:"Only cases opened before."`
}

// export streams a table. When it fails in the middle the connection is cut, so that nobody takes a part
// for the whole.
func (s *Server) export(ctx context.Context, in *ExportFilter, what string, write func(context.Context, io.Writer, export.Options) error) (*huma.StreamResponse, error) {
	o := export.Options{Lists: s.listsFor(ctx, in.Lists), From: in.From, To: in.To}
	o.Format, _ = sheet.ParseFormat(in.Format) // one of the words, or the answer was given before
	if in.State != "" {
		o.State, _ = cases.ParseState(in.State)
	}
	if in.Zone != "" {
		var err error
		if o.Zone, err = time.LoadLocation(in.Zone); err != nil || in.Zone == "Local" {
			return nil, invalid("query.zone", "there is no time zone of this name")
		}
	}
	if s.o.Contacts != nil {
		o.Named = func(n sip.Number) string {
			if named := s.nameOf(n); named != nil {
				return named.Name
			}
			return ""
		}
	}
	select {
	case s.exporting <- struct{}{}:
	default:
		return nil, tryLater(10*time.Second, "Several tables are being written: try again in a moment.")
	}
	if err := s.recordExport(ctx, what, o.Lists); err != nil {
		<-s.exporting
		return nil, err
	}
	name := fmt.Sprintf("ringback-%s-%s.%s", what, time.Now().UTC().Format("20060102"), o.Format)
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		defer func() { <-s.exporting }()
		r, w := humago.Unwrap(ctx)
		w.Header().Set("Content-Type", o.Format.ContentType())
		w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
		out := &patient{w: w, conn: http.NewResponseController(w)}
		if err := write(r.Context(), out, o); err != nil {
			s.o.Logger.ErrorContext(r.Context(), "an export was cut off", "err", err)
			panic(http.ErrAbortHandler)
		}
	}}, nil
}

// recordExport says in the trail that data went out.
func (s *Server) recordExport(ctx context.Context, what string, lists []string) error {
	if s.o.Trail == nil {
		return nil
	}
	c := callerOf(ctx)
	var entries []audit.Entry
	for _, list := range lists {
		entries = append(entries, audit.Entry{At: time.Now(), By: c.Who(), Peer: c.address, Action: what + ".export", Object: audit.On("list", list)})
	}
	if len(entries) == 0 {
		entries = []audit.Entry{{At: time.Now(), By: c.Who(), Peer: c.address, Action: what + ".export"}}
	}
	return s.o.Trail.Record(ctx, entries...)
}
