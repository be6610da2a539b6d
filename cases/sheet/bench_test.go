package sheet_test

import (
	"io"
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"

	"ringback/cases/sheet"
)

// BenchmarkTable writes and reads a table of as many rows as RINGBACK_SHEET_ROWS says, by default 50 000,
// with seven columns, and says what memory it took at most. docs/performance.md has what a million gave.
func BenchmarkTable(b *testing.B) {
	rows := 50_000
	if s := os.Getenv("RINGBACK_SHEET_ROWS"); s != "" {
		var err error
		if rows, err = strconv.Atoi(s); err != nil {
			b.Fatal(err)
		}
	}
	for _, f := range []sheet.Format{sheet.CSV, sheet.XLSX, sheet.JSON} {
		path := b.TempDir() + "/table." + f.String()
		b.Run("write/"+f.String(), func(b *testing.B) {
			for b.Loop() {
				out, err := os.Create(path)
				if err != nil {
					b.Fatal(err)
				}
				write(b, out, f, rows)
				if err := out.Close(); err != nil {
					b.Fatal(err)
				}
			}
			report(b, rows)
		})
		if f == sheet.JSON {
			continue
		}
		b.Run("read/"+f.String(), func(b *testing.B) {
			for b.Loop() {
				file, err := os.Open(path)
				if err != nil {
					b.Fatal(err)
				}
				info, err := file.Stat()
				if err != nil {
					b.Fatal(err)
				}
				t, err := sheet.Open(file, info.Size(), sheet.Limits{})
				if err != nil {
					b.Fatal(err)
				}
				n := 0
				for _, err := range t.Rows() {
					if err != nil {
						b.Fatal(err)
					}
					n++
				}
				if n != rows+1 {
					b.Fatalf("%d rows", n)
				}
				if err := t.Close(); err != nil {
					b.Fatal(err)
				}
				_ = file.Close()
			}
			report(b, rows)
		})
	}
}

func write(b *testing.B, out io.Writer, f sheet.Format, rows int) {
	b.Helper()
	w, err := sheet.NewWriter(out, f, []string{"id", "number", "name", "topic", "note", "due", "order"}, nil)
	if err != nil {
		b.Fatal(err)
	}
	at := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	for i := range rows {
		if err := w.Write("C-"+strconv.Itoa(i), "+35840"+strconv.Itoa(1000000+i), "Matti Mäkinen "+strconv.Itoa(i), "offer", "as agreed, call about the offer", at.Add(time.Duration(i)*time.Second), i); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
}

func report(b *testing.B, rows int) {
	b.Helper()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(float64(m.HeapSys>>20), "heap-MiB")
}
