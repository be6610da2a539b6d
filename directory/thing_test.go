package directory_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ringback/directory"
)

func manual(t *testing.T) *directory.File {
	t.Helper()
	text, err := os.ReadFile("../configs/examples/directory.yaml")
	if err != nil {
		t.Fatal(err)
	}
	f, err := directory.Parse("directory.yaml", text)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestJSONIsTheSameFile(t *testing.T) {
	f := manual(t)
	text, err := directory.JSON(f)
	if err != nil {
		t.Fatal(err)
	}
	again, err := directory.Parse("json", text)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(directory.Format(f)), string(directory.Format(again))); diff != "" {
		t.Error(diff)
	}
	if empty, err := directory.JSON(new(directory.File)); err != nil || !strings.HasPrefix(string(empty), "{") {
		t.Errorf("an empty file is %q, %v", empty, err)
	}
}

func TestAThingReplacedByItselfChangesNothing(t *testing.T) {
	f := manual(t)
	for _, kind := range directory.Kinds() {
		ids := map[string]string{"agents": f.Agents[0].ID, "lists": f.Lists[0].ID, "services": f.Services[0].ID, "pbxs": f.PBXs[0].ID}
		id, ok := ids[kind]
		if !ok {
			continue
		}
		thing, err := directory.Thing(f, kind, id)
		if err != nil {
			t.Fatal(kind, err)
		}
		after, err := directory.With(f, kind, id, thing)
		if err != nil {
			t.Fatal(kind, err)
		}
		if changes := directory.Diff(f, after); len(changes) > 0 {
			t.Errorf("%s %s: %v", kind, id, changes)
		}
	}
}

func TestAThingIsAddedChangedAndTakenAway(t *testing.T) {
	f := manual(t)
	with, err := directory.With(f, "agents", "new", []byte(`{"name":"Nina New","extensions":["199"]}`))
	if err != nil {
		t.Fatal(err)
	}
	changed, err := directory.With(with, "agents", "new", []byte(`{"id":"new","name":"Nina Newer","extensions":["199"]}`))
	if err != nil {
		t.Fatal(err)
	}
	without, err := directory.Without(changed, "agents", "new")
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		a, b *directory.File
		want string
	}{{f, with, "+ agent new"}, {with, changed, "~ agent new: name"}, {changed, without, "- agent new"}} {
		if d := directory.Diff(step.a, step.b); len(d) != 1 || !strings.HasPrefix(d[0].String(), step.want) {
			t.Errorf("%v, want %s", d, step.want)
		}
	}
}

func TestWhatIsNoThingIsRefused(t *testing.T) {
	f := manual(t)
	agent := f.Agents[0].ID
	for _, text := range []string{"", "[]", "null", `"x"`, "{", `{"id":"other"}`, `{"id":7}`} {
		if _, err := directory.With(f, "agents", agent, []byte(text)); !errors.Is(err, directory.ErrThing) {
			t.Errorf("%q: %v", text, err)
		}
	}
	for _, text := range []string{`{"naem":"x"}`, `{"extensions":[["101"]]}`, `{"roles":["king"]}`} {
		_, err := directory.With(f, "agents", agent, []byte(text))
		if _, ok := errors.AsType[*directory.InvalidError](err); !ok {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := directory.With(f, "handling", "x", []byte(`{}`)); !errors.Is(err, directory.ErrNoThing) {
		t.Error(err)
	}
	if _, err := directory.Without(f, "agents", "nobody"); !errors.Is(err, directory.ErrNoThing) {
		t.Error(err)
	}
	if _, err := directory.Without(f, "pbxs", f.PBXs[0].ID); err == nil {
		t.Error("a PBX that trunks need was taken away")
	}
}
