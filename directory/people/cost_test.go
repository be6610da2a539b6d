package people

import (
	"testing"

	"ringback/directory"
	"ringback/store"
)

// No test proves a timing; that an unknown name costs the same hash as a known one, this does.
func TestNobodysPasswordCostsAsMuchAsAnybodys(t *testing.T) {
	st, err := store.Open(store.Options{InMemory: true})
	if err != nil {
		t.Fatal(err)
	}
	d, err := directory.New(new(directory.File))
	if err != nil {
		t.Fatal(err)
	}
	p := New(st, Options{Directory: func() *directory.Directory { return d }})
	mine := newPassword("correct horse battery")
	if p.dummy.weak() || mine.weak() || len(mine.Salt) != len(p.dummy.Salt) {
		t.Errorf("the hash of nobody: %+v", p.dummy)
	}
	if _, reason, err := p.verify("nobody", "correct horse battery"); reason != "unknown_name" || err != nil {
		t.Errorf("verify = %s, %v", reason, err)
	}
	old := mine
	old.Time = 1
	if old.Key = old.hash("correct horse battery", hashKey); !old.weak() || !old.is("correct horse battery") || old.is("correct horse batterx") {
		t.Error("a hash of another cost is not known for what it is")
	}
}
