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
	Rows    int  `json:"rows" doc:"Rows with something in them, the header not counted."`
	Made    int  `json:"made" doc:"Cases or contacts made."`
	Changed int  `json:"changed,omitempty" doc:"Contacts that were there and said something else."`
	There   int  `json:"there" doc:"Rows whose case or contact was there already, as they said."`
	Bad     int  `json:"bad" doc:"Rows that are wrong."`
	Written bool `json:"written" doc:"Whether anything was to be written: not for a try, nor when a row is wrong and all or nothing was wanted."`

	Columns  []Column  `json:"columns,omitempty" doc:"What each column was taken for."`
	Problems []Problem `json:"problems,omitempty" nullable:"false" doc:"The first bad rows."`
	More     int       `json:"more,omitempty" doc:"How many further problems there are."`
}

// Column is a column of a file and what it was taken for.
type Column struct {
	Name  string `json:"name" doc:"As the first row says, else as spreadsheets do: A, B."`
	Field string `json:"field" doc:"What it was taken for; empty: nothing, it is skipped."`
	// Why says how that is known: "said", "remembered" or "guessed".
	Why string `json:"why" doc:"How that is known." enum:"said,remembered,guessed"`
}

// Problem is what is wrong with a row.
type Problem struct {
	Row    int    `json:"row" doc:"As a spreadsheet or an editor shows it, from 1; of vCards, the card."`
	Column string `json:"column,omitempty" doc:"The name of the column."`
	Reason string `json:"reason" doc:"A sentence for whoever mends the file."`
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
	Checking bool  `json:"checking"` // the first reading, in which nothing is written
	Done     int64 `json:"done"`     // of Total, in bytes of the file
	Total    int64 `json:"total"`
	Rows     int   `json:"rows"` // read so far
	Bad      int   `json:"bad"`  // rows that are wrong
}
