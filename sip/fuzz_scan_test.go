package sip_test

import (
	"errors"
	"reflect"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"ringback/sip"
)

func FuzzScan(f *testing.F) {
	for _, tt := range torture {
		f.Add(tortureMessage(f, tt.name))
	}
	for _, b := range realMessages(f) {
		f.Add(b)
	}
	s := sip.NewScanner([]string{"X-Service-Call-ID", "Session-ID"})
	used := new(sip.Message)
	f.Fuzz(func(t *testing.T, b []byte) {
		m := new(sip.Message)
		n, err := s.Scan(b, m)
		if n < 0 || n > len(b) || n == 0 && len(b) > 0 {
			t.Fatalf("%d of %d bytes", n, len(b))
		}
		within(t, b[:n], reflect.ValueOf(m).Elem(), "Message")

		var refusal sip.ScanError
		if refused, ok := errors.AsType[*sip.ScanError](err); ok {
			refusal = *refused
			if refusal.Reason == sip.ScanOK || refusal.Offset < 0 || refusal.Offset > len(b) {
				t.Fatalf("%+v of %d bytes", refusal, len(b))
			}
		} else {
			accepted(t, m)
		}

		// The same again, in a Message used before, and without what follows.
		n2, err2 := s.Scan(b[:n], used)
		again, _ := errors.AsType[*sip.ScanError](err2)
		if n2 != n || (again == nil) != (err == nil) || again != nil && *again != refusal {
			t.Fatalf("first %d bytes and %v, then %d and %v", n, refusal, n2, err2)
		}
		if err == nil && !cmp.Equal(m, used, cmpopts.IgnoreUnexported(sip.Message{}), cmp.Comparer(sameAddr)) {
			t.Fatal(cmp.Diff(m, used, cmpopts.IgnoreUnexported(sip.Message{}), cmp.Comparer(sameAddr)))
		}
		// And skimmed first, as the tracker has it.
		if n3, err3 := s.Skim(b, used); n3 != n || (err3 == nil) != (err == nil) {
			t.Fatalf("scanned %d bytes and %v, skimmed %d and %v", n, refusal, n3, err3)
		}
		if used.Read(); err == nil && !cmp.Equal(m, used, cmpopts.IgnoreUnexported(sip.Message{}), cmp.Comparer(sameAddr)) {
			t.Fatal(cmp.Diff(m, used, cmpopts.IgnoreUnexported(sip.Message{}), cmp.Comparer(sameAddr)))
		}
		if len(b)%8 == 0 { // counting stops the world
			if allocs := testing.AllocsPerRun(3, func() { _, _ = s.Scan(b, used) }); allocs != 0 {
				t.Fatalf("%v allocations", allocs)
			}
		}
		sip.Hold(m.Body)
	})
}

// accepted checks what the tracker relies on.
func accepted(t *testing.T, m *sip.Message) {
	t.Helper()
	switch {
	case len(m.CallID) == 0 || len(m.CallID) > 512 || len(m.Branch) > 512 || len(m.From.Tag) > 512 || len(m.To.Tag) > 512:
		t.Fatalf("Call-ID of %d, branch of %d, tags of %d and %d bytes", len(m.CallID), len(m.Branch), len(m.From.Tag), len(m.To.Tag))
	case len(m.From.URI.Raw) == 0 || len(m.To.URI.Raw) == 0 || len(m.SentBy) == 0 || m.Vias == 0:
		t.Fatalf("from %q to %q by %q, %d Vias", m.From.URI.Raw, m.To.URI.Raw, m.SentBy, m.Vias)
	case m.Method == sip.MethodUnknown || m.Method != m.CSeqMethod:
		t.Fatalf("method %d, in CSeq %d", m.Method, m.CSeqMethod)
	case m.Request && (m.StatusCode != 0 || len(m.RequestURI.Raw) == 0), !m.Request && (m.StatusCode < 100 || m.StatusCode > 699):
		t.Fatalf("request %v, status code %d, URI %q", m.Request, m.StatusCode, m.RequestURI.Raw)
	case m.NumContacts > sip.MaxContacts:
		t.Fatalf("%d contacts", m.NumContacts)
	}
}

// within checks that every slice in v is part of b.
func within(t *testing.T, b []byte, v reflect.Value, name string) {
	t.Helper()
	switch v.Kind() { //nolint:exhaustive // A Message is made of these alone.
	case reflect.Struct:
		if v.NumField() == 0 || v.Type().PkgPath() != "ringback/sip" {
			return
		}
		for i := range v.NumField() {
			within(t, b, v.Field(i), name+"."+v.Type().Field(i).Name)
		}
	case reflect.Array:
		for i := range v.Len() {
			within(t, b, v.Index(i), name)
		}
	case reflect.Slice:
		if v.Len() == 0 {
			return
		}
		start := uintptr(unsafe.Pointer(unsafe.SliceData(b)))
		if p := v.Pointer(); p < start || p+uintptr(v.Len()) > start+uintptr(len(b)) {
			t.Fatalf("%s is not part of the message", name)
		}
	}
}
