package intake

import (
	"errors"
	"fmt"
	"slices"
)

// Why nothing of a file is imported.
var (
	ErrNoList   = errors.New("intake: no such list")
	ErrNoNumber = errors.New("intake: no column holds telephone numbers")
	ErrColumn   = errors.New("intake: no such column or field")
	ErrEmpty    = errors.New("intake: there is nothing in the file")
	ErrCard     = errors.New("intake: unreadable vCard")
)

// Report is what an import did, or would do.
type Report struct {
	Rows    int  // with something in them, the header not counted
	Made    int  // cases or contacts
	Changed int  // contacts that were there and said something else
	There   int  // rows whose case or contact was there already
	Bad     int  // rows that are wrong
	Written bool // not for a try, nor when a row is wrong and all or nothing was wanted

	Columns  []Column
	Problems []Problem // the first of them
	More     int       // further ones
}

// Column is a column of a file and what it was taken for.
type Column struct {
	Name  string // as the first row says, else as spreadsheets do: A, B
	Field string // what it was taken for
	Why   string // how that is known: "said", "remembered" or "guessed"
}

// Problem is what is wrong with a row.
type Problem struct {
	Row    int    // as a spreadsheet or an editor shows it, from 1; of vCards, the card
	Column string // its name; empty where it is the whole row
	Reason string // a sentence for whoever mends the file
}

// String is the problem as one line.
func (p Problem) String() string {
	if p.Column == "" {
		return fmt.Sprintf("row %d: %s", p.Row, p.Reason)
	}
	return fmt.Sprintf("row %d, %s: %s", p.Row, p.Column, p.Reason)
}

// maxProblems is how many problems are told one by one.
const maxProblems = 1000

// problem notes a bad row. A row may have several problems and is bad once.
func (r *Report) problem(p Problem) {
	if len(r.Problems) == maxProblems {
		r.More++
		return
	}
	r.Problems = append(r.Problems, p)
}

// sorted puts problems in the order of the rows.
func (r *Report) sorted() {
	slices.SortStableFunc(r.Problems, func(a, b Problem) int { return a.Row - b.Row })
}

// Progress is how far an import is.
type Progress struct {
	Checking bool  // the first reading, in which nothing is written
	Done     int64 // of Total, in bytes of the file
	Total    int64
	Rows     int // read so far
	Bad      int // rows that are wrong
}
