package search

import (
	"fmt"
	"iter"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ringback/cases"
	"ringback/directory"
	"ringback/sip"
)

// crowd is a centre with any number of cases, each made from its place in the order and nothing else, so
// that a million take no memory.
type crowd struct {
	size int

	mu      sync.Mutex
	changed map[string]cases.Case // instead of what they were made as
	gone    map[string]bool
	log     []string // ids in the order of their changes
	erased  bool
	trimmed uint64
}

const letters = "abcdefghijklmnoprstuvyäö"

var (
	firstNames = strings.Fields("Matti Maija Juhani Anna Mikael Helena Johannes Liisa Olavi Kaarina Antero Marjatta Tapani Sofia Jörg Åsa Zoë")
	lastNames  = strings.Fields("Korhonen Virtanen Mäkinen Nieminen Mäkelä Hämäläinen Laine Heikkinen Koskinen Järvinen Lehtonen Lehtinen Saarinen Öberg O'Neil")
	topics     = strings.Fields("lasku toimitus sopimus vika palautus tarjous muutto huolto")
	listIDs    = []string{"sales", "support", "invoices", "spare-parts", "campaign"}
)

// at makes the i-th case, from 0.
func (c *crowd) at(i int) cases.Case {
	r := rand.New(rand.NewPCG(uint64(i), 1))
	x := cases.Case{
		ID: c.id(i), List: listIDs[r.IntN(len(listIDs))], State: cases.Closed,
		Number: sip.Number(358400000000 + 1000000*r.IntN(10)*5 + r.IntN(5_000_000)),
		Name:   firstNames[r.IntN(len(firstNames))] + " " + lastNames[r.IntN(len(lastNames))],
		Topic:  topics[r.IntN(len(topics))], Opened: time.Unix(int64(1_700_000_000+i), 0),
	}
	if i%10 == 0 {
		x.State = cases.Open
	}
	note := []string{fmt.Sprintf("tilaus %d", 100000+r.IntN(900000))}
	for range r.IntN(12) {
		word := make([]byte, 0, 12)
		for range 2 + int(r.ExpFloat64()*2)%8 {
			word = append(word, letters[r.IntN(20)])
		}
		note = append(note, string(word))
	}
	x.Note = strings.Join(note, " ")
	return x
}

func (c *crowd) index(id string) int {
	var i, j int
	if n, err := fmt.Sscanf(id, "1N%05d-%06d", &i, &j); n != 2 || err != nil || j >= c.size {
		return -1
	}
	return j
}

func (c *crowd) Case(id string) (cases.Case, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if x, ok := c.changed[id]; ok {
		return x, nil
	}
	i := c.index(id)
	if i < 0 || c.gone[id] {
		return cases.Case{}, cases.ErrNotFound
	}
	return c.at(i), nil
}

// All yields those that were made as they are before those that were put.
func (c *crowd) All(after string) iter.Seq2[cases.Case, error] {
	return func(yield func(cases.Case, error) bool) {
		for i := c.index(after) + 1; i < c.size; i++ {
			x, err := c.Case(c.id(i))
			if err == nil && !yield(x, nil) {
				return
			}
		}
		for _, id := range c.others() {
			x, err := c.Case(id)
			if id > after && err == nil && !yield(x, nil) {
				return
			}
		}
	}
}

func (c *crowd) id(i int) string { return fmt.Sprintf("1N%05d-%06d", i/1000, i) }

// others are the ids of those that were put besides.
func (c *crowd) others() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.DeleteFunc(slices.Sorted(maps.Keys(c.changed)), func(id string) bool { return c.index(id) >= 0 })
}

func (c *crowd) History(id string) iter.Seq2[cases.Entry, error] {
	return func(yield func(cases.Entry, error) bool) {
		if strings.HasSuffix(id, "7") {
			yield(cases.Entry{Event: cases.Edited, Note: "puhuttu kollegan kanssa " + id}, nil)
		}
	}
}

// put changes a case, or adds one.
func (c *crowd) put(x cases.Case) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.changed == nil {
		c.changed = map[string]cases.Case{}
	}
	c.changed[x.ID] = x
	c.log = append(c.log, x.ID)
}

// erase takes a case away.
func (c *crowd) erase(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gone == nil {
		c.gone = map[string]bool{}
	}
	delete(c.changed, id)
	c.gone[id], c.erased = true, true
	c.log = append(c.log, id)
}

func (c *crowd) changes(from uint64) (Changes, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if from < c.trimmed {
		return Changes{Trimmed: true}, nil
	}
	to := min(len(c.log), int(from)+100)
	return Changes{Cases: slices.Clone(c.log[from:to]), Next: uint64(to), Erased: c.erased}, nil
}

func (c *crowd) end() (uint64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return uint64(len(c.log)), nil
}

// centre is a directory with the lists of a crowd.
func centre(tb testing.TB) func() *directory.Directory {
	tb.Helper()
	f := &directory.File{Country: "FI", TimeZone: "Europe/Helsinki", PBXs: []directory.PBX{{ID: "pbx", CaptureIDs: []uint32{1}, Addresses: []sip.Host{{Net: netip.MustParsePrefix("10.0.0.1/32")}}}}}
	for _, id := range listIDs {
		f.Lists = append(f.Lists, directory.ListEntry{ID: id, Name: "List of " + id, Policy: directory.DefaultPolicy()})
	}
	f.Agents = append(f.Agents, directory.Agent{ID: "sari", Name: "Sari Mäki-Ahola", Extensions: []string{"201"}}, directory.Agent{ID: "pekka", Name: "Pekka Koivu", Extensions: []string{"202"}})
	d, err := directory.New(f)
	if err != nil {
		tb.Fatal(err)
	}
	return func() *directory.Directory { return d }
}
