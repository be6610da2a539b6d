package voicemail_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"filippo.io/age"

	"ringback/cases/voicemail"
	"ringback/directory/audit"
	"ringback/sip/rtp"
	"ringback/store"
)

var start = time.Date(2026, 7, 20, 10, 0, 0, 0, time.UTC)

// room is a Voicemail whose messages belong to the case that their call is named after.
type room struct {
	t   *testing.T
	dir string
	key string
	v   *voicemail.Voicemail

	attached int
	refuse   error // of Attach
	close    func()
}

func open(t *testing.T) *room {
	t.Helper()
	dir := t.TempDir()
	r := &room{t: t, dir: dir, key: filepath.Join(dir, "key")}
	if _, err := voicemail.NewKey(r.key); err != nil {
		t.Fatal(err)
	}
	r.open()
	return r
}

// open opens it, also again.
func (r *room) open() {
	r.t.Helper()
	st, err := store.Open(store.Options{Dir: filepath.Join(r.dir, "store"), Reserve: -1})
	if err != nil {
		r.t.Fatal(err)
	}
	audit.New(st)
	r.v = voicemail.New(st, voicemail.Options{
		Dir: filepath.Join(r.dir, "messages"), Header: rtp.WAVHeader, Space: 64 << 20, AtOnce: 3,
		Attach: func(_ context.Context, m *voicemail.Message) (string, error) {
			r.attached++
			return m.Call, r.refuse
		},
	})
	r.useKey()
	if err := r.v.Open(); err != nil {
		r.t.Fatal(err)
	}
	closed := false
	r.close = func() {
		if closed {
			return
		}
		closed = true
		if err := errors.Join(r.v.Close(), st.Close()); err != nil {
			r.t.Error(err)
		}
	}
	r.t.Cleanup(r.close)
}

func (r *room) useKey() {
	r.t.Helper()
	keys, err := voicemail.LoadKeys(r.key)
	if err != nil {
		r.t.Fatal(err)
	}
	r.v.SetKeys(keys)
}

// tone is so much of 440 Hz.
func tone(d time.Duration) []byte {
	var b []byte
	for i := range int(d.Seconds() * voicemail.SampleRate) {
		b = binary.LittleEndian.AppendUint16(b, uint16(int16(8000*math.Sin(2*math.Pi*440*float64(i)/voicemail.SampleRate))))
	}
	return b
}

func silence(d time.Duration) []byte { return make([]byte, 2*int(d.Seconds()*voicemail.SampleRate)) }

// begin begins a message and says something.
func (r *room) begin(c string, sound []byte) *voicemail.Recording {
	r.t.Helper()
	rec, err := r.v.Begin(r.t.Context(), voicemail.Draft{List: "support", Call: c, At: start})
	if err != nil {
		r.t.Fatal(err)
	}
	for len(sound) > 0 {
		n := min(len(sound), 3200)
		if _, err := rec.Write(sound[:n]); err != nil {
			r.t.Fatal(err)
		}
		sound = sound[n:]
	}
	return rec
}

func (r *room) leave(c string, sound []byte) voicemail.Message {
	r.t.Helper()
	m, err := r.begin(c, sound).Keep(r.t.Context(), voicemail.Hangup)
	if err != nil {
		r.t.Fatal(err)
	}
	return m
}

func (r *room) read(m voicemail.Message) []byte {
	r.t.Helper()
	f, err := r.v.Read(m.ID)
	if err != nil {
		r.t.Fatal(err)
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		r.t.Fatal(err)
	}
	return b
}

func (r *room) files() []string {
	r.t.Helper()
	all, err := filepath.Glob(filepath.Join(r.dir, "messages", "*"))
	if err != nil {
		r.t.Fatal(err)
	}
	return all
}

func (r *room) recovers(there bool) voicemail.Recovered {
	r.t.Helper()
	out, err := r.v.Recover(r.t.Context(), start.Add(time.Hour), func(string) (bool, error) { return there, nil })
	if err != nil {
		r.t.Fatal(err)
	}
	return out
}

// crash leaves things as they are and begins anew.
func (r *room) crash() {
	r.t.Helper()
	r.close()
	r.open()
}

func TestAMessageIsWhatWasSaidWithoutTheSilenceBehind(t *testing.T) {
	r := open(t)
	said := append(append(silence(time.Second), tone(2*time.Second)...), silence(8*time.Second)...)
	m := r.leave("c", said)
	if m.Duration() != 3500*time.Millisecond || r.v.State("c") != voicemail.Unheard || r.v.State("d") != voicemail.None {
		t.Errorf("%s, %s", m.Duration(), r.v.State("c"))
	}
	want := append(rtp.WAVHeader(m.Samples), said[:2*m.Samples]...)
	if !bytes.Equal(r.read(m), want) {
		t.Error("it is not what was said")
	}
	r.crash()
	if r.v.State("c") != voicemail.Unheard || r.v.Stats().Messages != 1 {
		t.Errorf("after a restart: %+v", r.v.Stats())
	}
	if !bytes.Equal(r.read(m), want) {
		t.Error("after a restart it is not what was said")
	}
}

func TestHardlyAnythingIsNoMessage(t *testing.T) {
	r := open(t)
	for name, sound := range map[string][]byte{"nothing": nil, "silence": silence(20 * time.Second), "a word": tone(500 * time.Millisecond)} {
		if _, err := r.begin("c", sound).Keep(t.Context(), voicemail.Silence); !errors.Is(err, voicemail.ErrShort) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if all, err := r.v.OfCase("c"); err != nil || len(all) > 0 || len(r.files()) > 0 || r.attached > 0 || r.v.Stats() != (voicemail.Stats{}) {
		t.Errorf("%v, %v, %v, %+v", all, err, r.files(), r.v.Stats())
	}
}

func TestWhatACrashCutsOffIsKeptAsFarAsItWasWritten(t *testing.T) {
	r := open(t)
	said := tone(10 * time.Second)
	r.begin("c", said)
	r.crash()
	out := r.recovers(true)
	if len(out.Kept) != 1 || r.attached != 1 {
		t.Fatalf("%+v", out)
	}
	m := out.Kept[0]
	if m.Ended != voicemail.Interrupted || m.Case != "c" || m.Duration() < 6*time.Second || len(r.files()) != 1 {
		t.Errorf("%+v, %s, %v", m, m.Duration(), r.files())
	}
	if !bytes.Equal(r.read(m)[44:], said[:2*m.Samples]) {
		t.Error("it is not what was said")
	}
	if again := r.recovers(true); len(again.Kept)+again.Dropped+again.Left+again.Orphans > 0 {
		t.Errorf("again: %+v", again)
	}
	r.crash()
	if !bytes.Equal(r.read(m)[44:], said[:2*m.Samples]) {
		t.Error("after a restart it is not what was said")
	}
}

func TestACrashBetweenAnyTwoStepsLeavesOneMessage(t *testing.T) {
	// The case does not take it: the file is whole, and its record does not know.
	r := open(t)
	r.refuse = errors.New("no")
	if _, err := r.begin("c", tone(3*time.Second)).Keep(t.Context(), voicemail.Digit); !errors.Is(err, r.refuse) {
		t.Fatal(err)
	}
	r.refuse = nil
	r.crash()
	out := r.recovers(true)
	if len(out.Kept) != 1 || out.Kept[0].Duration() != 3*time.Second {
		t.Fatalf("%+v", out)
	}
	r.read(out.Kept[0])

	// One that was cut off is made whole, and the case does not take it either.
	r = open(t)
	r.begin("c", tone(10*time.Second))
	r.crash()
	r.refuse = errors.New("no")
	if _, err := r.v.Recover(t.Context(), start, func(string) (bool, error) { return true, nil }); !errors.Is(err, r.refuse) {
		t.Fatal(err)
	}
	r.refuse = nil
	r.crash()
	if out := r.recovers(true); len(out.Kept) != 1 || len(r.files()) != 1 {
		t.Fatalf("%+v, %v", out, r.files())
	} else {
		r.read(out.Kept[0])
	}
}

func TestWhatIsOfNothingIsDeleted(t *testing.T) {
	r := open(t)
	m := r.leave("c", tone(2*time.Second))
	stray := filepath.Join(r.dir, "messages", "NOBODY.wav.age")
	part := filepath.Join(r.dir, "messages", "NOBODY.part")
	note := filepath.Join(r.dir, "messages", "README")
	for _, name := range []string{stray, part, note} {
		if err := os.WriteFile(name, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r.begin("short", tone(200*time.Millisecond))
	r.crash()
	if out := r.recovers(true); out.Orphans != 2 || out.Dropped != 1 || len(r.files()) != 2 {
		t.Errorf("%+v, %v", out, r.files())
	}
	if out := r.recovers(false); out.Erased != 1 || len(r.files()) != 1 {
		t.Errorf("%+v, %v", out, r.files())
	}
	if _, err := r.v.Message(m.ID); !errors.Is(err, voicemail.ErrNotFound) {
		t.Errorf("of a case that is gone: %v", err)
	}
}

func TestWhatIsRecordedIsLeftAloneByWhatLooksThroughThem(t *testing.T) {
	r := open(t)
	rec := r.begin("c", tone(2*time.Second))
	if out := r.recovers(true); len(out.Kept)+out.Dropped+out.Left+out.Orphans > 0 {
		t.Errorf("%+v", out)
	}
	if n, err := r.v.Erase(t.Context(), audit.Act{At: start}, []string{"c", ""}, nil); n > 0 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	m, err := rec.Keep(t.Context(), voicemail.Hangup)
	if err != nil {
		t.Fatal(err)
	}
	r.read(m)
}

func TestOldKeysOpenOldMessages(t *testing.T) {
	r := open(t)
	before := r.leave("c", tone(2*time.Second))
	if _, err := voicemail.NewKey(r.key); err != nil {
		t.Fatal(err)
	}
	r.useKey()
	after := r.leave("c", tone(2*time.Second))
	r.read(before)
	r.read(after)

	// The new one alone opens what was recorded with it; and so does the program of the format.
	text, err := os.ReadFile(r.key)
	if err != nil {
		t.Fatal(err)
	}
	fresh, err := age.ParseIdentities(bytes.NewReader(text[:bytes.Index(text[1:], []byte("#"))+1]))
	if err != nil || len(fresh) != 1 {
		t.Fatalf("%d keys, %v", len(fresh), err)
	}
	for m, opens := range map[string]bool{before.ID: false, after.ID: true} {
		f, err := os.Open(filepath.Join(r.dir, "messages", m+".wav.age"))
		if err != nil {
			t.Fatal(err)
		}
		plain, err := age.Decrypt(f, fresh...)
		if (err == nil) != opens {
			t.Errorf("with the new key: %v", err)
		}
		if opens {
			b, err := io.ReadAll(plain)
			if err != nil || string(b[:4]) != "RIFF" {
				t.Errorf("%q, %v", b[:4], err)
			}
			if _, err := rtp.LoadClip(bytes.NewReader(b)); err != nil {
				t.Errorf("what is in the file is no WAV file: %v", err)
			}
		}
		f.Close()
	}
}

func TestAKeyFileThatIsNoneIsSaid(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "key")
	if _, err := voicemail.LoadKeys(file); !errors.Is(err, voicemail.ErrKeyFile) {
		t.Errorf("gone: %v", err)
	}
	for _, text := range []string{"", "# nothing\n", "AGE-SECRET-KEY-1XXX\n", "hello\n"} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := voicemail.LoadKeys(file); !errors.Is(err, voicemail.ErrKeyFile) {
			t.Errorf("%q: %v", text, err)
		}
		if _, err := voicemail.NewKey(file); !errors.Is(err, voicemail.ErrKeyFile) {
			t.Errorf("a key on top of %q: %v", text, err)
		}
		if b, err := os.ReadFile(file); err != nil || string(b) != text {
			t.Errorf("it was changed: %q, %v", b, err)
		}
	}
}

func TestMessagesAreKeptAsLongAsTheirListsSay(t *testing.T) {
	r := open(t)
	r.leave("c", tone(2*time.Second))
	for _, days := range []int{0, 31} {
		if gone, err := r.v.Expire(t.Context(), start.AddDate(0, 0, 30), func(string) int { return days }); err != nil || len(gone) > 0 {
			t.Errorf("%d days: %v, %v", days, gone, err)
		}
	}
	if n, err := r.v.Expire(t.Context(), start.AddDate(0, 0, 30), func(string) int { return 29 }); err != nil || len(n) != 1 || len(r.files()) > 0 || r.v.Stats().Bytes != 0 {
		t.Errorf("%v, %v, %v, %+v", n, err, r.files(), r.v.Stats())
	}
}

func TestThereIsNoMoreRoomThanThereMayBe(t *testing.T) {
	r := open(t)
	var all []*voicemail.Recording
	for range 3 {
		all = append(all, r.begin("c", tone(2*time.Second)))
	}
	if _, err := r.v.Begin(t.Context(), voicemail.Draft{List: "support", At: start}); !errors.Is(err, voicemail.ErrBusy) || r.v.Room() {
		t.Errorf("a fourth one: %v", err)
	}
	for _, rec := range all[1:] {
		if err := rec.Discard(t.Context()); err != nil {
			t.Error(err)
		}
	}
	full := make([]byte, 65<<20)
	if _, err := all[0].Write(full); !errors.Is(err, voicemail.ErrFull) || r.v.Room() {
		t.Errorf("what takes all space: %v", err)
	}
	if err := all[0].Discard(t.Context()); err != nil || !r.v.Room() || r.v.Stats() != (voicemail.Stats{}) {
		t.Errorf("%v, %+v", err, r.v.Stats())
	}
	r.v.SetKeys(nil)
	if _, err := r.v.Begin(t.Context(), voicemail.Draft{List: "support", At: start}); !errors.Is(err, voicemail.ErrNoKey) {
		t.Errorf("without a key: %v", err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(0, []byte{1}, 0)
	f.Add(300, []byte("x"), 5)
	f.Add(66_000, []byte{0xff, 0}, 60_000)
	f.Add(-1, []byte{}, 64_000)
	f.Fuzz(func(t *testing.T, at int, with []byte, cut int) {
		r := open(t)
		m := r.leave("c", tone(5*time.Second))
		want := r.read(m)
		name := filepath.Join(r.dir, "messages", m.ID+".wav.age")
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		b = b[:len(b)-min(max(cut, 0), len(b))]
		if at >= 0 && at < len(b) {
			copy(b[at:], with)
		}
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
		file, err := r.v.Read(m.ID)
		if err != nil {
			if !errors.Is(err, voicemail.ErrDamaged) && !errors.Is(err, voicemail.ErrNoKey) {
				t.Error(err)
			}
			return
		}
		defer file.Close()
		got, err := io.ReadAll(file)
		if err == nil && !bytes.Equal(got, want) {
			t.Error("another file is taken for it")
		}
		if err != nil && (!errors.Is(err, voicemail.ErrDamaged) || !errors.Is(file.Err(), voicemail.ErrDamaged)) {
			t.Error(err)
		}
	})
}
