package store_test

import (
	"testing"

	"github.com/klauspost/compress/zstd"
)

func zstdOf(t *testing.T, plain []byte) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return w.EncodeAll(plain, nil)
}

func unzstd(tb testing.TB, b []byte) []byte {
	tb.Helper()
	r, err := zstd.NewReader(nil)
	if err != nil {
		tb.Fatal(err)
	}
	plain, err := r.DecodeAll(b, nil)
	if err != nil {
		tb.Fatal(err)
	}
	return plain
}
