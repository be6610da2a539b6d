package directory

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ringback/directory/audit"
	"ringback/store"
)

func TestTrailTellsOfEveryChangeAndOfNobodysNumbers(t *testing.T) {
	st, err := store.Open(store.Options{InMemory: true})
	if err != nil {
		t.Fatal(err)
	}
	trail, versions := audit.New(st), NewVersions(st)
	at := time.Date(2026, 7, 20, 10, 0, 0, 0, time.UTC)
	bertil := audit.Who{Kind: audit.Person, ID: "bertil"}
	for i, f := range []*File{parse(t, before), parse(t, strings.Replace(after, "{id: 101, name: Anna,", "{id: 101, name: Anna, roles: [agent, supervisor],", 1))} {
		if _, err := versions.Save(t.Context(), Update{File: f, Base: uint64(i), Who: bertil, Peer: "192.0.2.7", At: at}); err != nil {
			t.Fatal(err)
		}
	}
	page, err := trail.Read(audit.Query{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, e := range page.Entries {
		if e.By != bertil || e.Peer != "192.0.2.7" || !e.At.Equal(at) || e.Action != "directory.change" {
			t.Errorf("%+v", e)
		}
		if rest, second := strings.CutPrefix(e.Detail, "version 2: "); second {
			lines = append([]string{e.Object + ": " + rest}, lines...)
		} else if !strings.HasSuffix(e.Detail, "added") && e.Object != "directory" {
			t.Errorf("the first version: %+v", e)
		}
	}
	want := []string{
		"directory: time_zone none → Europe/Helsinki; shared_numbers",
		"PBX pbx: addresses without [10.0.0.1, 10.0.0.2], with [10.0.0.2, 10.0.0.1]",
		"service hotline: name Hotline → none; numbers without [\"+358931002*\"], with [\"+358931003*\"]",
		"directory: order of services hotline, sales → sales, hotline",
		"agent 101: roles with [agent, supervisor]; mobiles",
		"agent 103: name; extensions; mobiles",
		"agent 104: added",
		"agent 102: removed",
		"calendar office: week without [{days: mon-fri, hours: [08:00-16:00]}], with [{days: mon-thu, hours: [08:00-16:00]}, {days: fri, hours: [08:00-14:00]}]; exceptions without [{date: 12-24, name: Christmas Eve}]",
	}
	if diff := cmp.Diff(want, lines[:len(want)]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if last := lines[len(lines)-1]; !strings.HasPrefix(last, "list callbacks: members without [102], with [103, 104]; ") || !strings.Contains(last, "; retry_after handling busy without [5m], with [10m]; added handling done; ") {
		t.Errorf("of the list: %s", last)
	}
	for _, e := range page.Entries {
		for _, private := range []string{"358401234567", "358800111223", "Anna", "Cecilia"} {
			if strings.Contains(e.Detail, private) {
				t.Errorf("the trail tells %s: %s", private, e.Detail)
			}
		}
	}
	// What changes nothing, or is refused, is not told of.
	n := len(page.Entries)
	f, v, err := versions.Load()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := versions.Save(t.Context(), Update{File: f, Base: v.Number, Who: bertil, At: at}); err != nil {
		t.Fatal(err)
	}
	if _, err := versions.Save(t.Context(), Update{File: new(File), Base: 1, Who: bertil, At: at}); !errors.Is(err, ErrStale) {
		t.Fatal(err)
	}
	if page, err = trail.Read(audit.Query{Limit: 1000}); len(page.Entries) != n || err != nil {
		t.Errorf("%d entries, before there were %d, %v", len(page.Entries), n, err)
	}
}
