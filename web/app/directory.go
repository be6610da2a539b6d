package app

import (
	"errors"
	"fmt"
	"net/http"

	"ringback/web"
	"ringback/web/client"
)

// maxDirectory is how many bytes a directory in a form may have.
const maxDirectory = 4 << 20

// directoryView is the directory as its file: changed, checked, and put in force after its changes were seen.
type directoryView struct {
	head
	Text     string
	ETag     string
	Check    *web.DirectoryCheck
	Stale    bool
	Lines    int
	Problems []string
}

func directoryPage(v *visit) error {
	text, etag, err := v.api.Directory(v.ctx())
	if err != nil {
		return err
	}
	return v.showDirectory(http.StatusOK, directoryView{Text: string(text), ETag: etag})
}

func (v *visit) showDirectory(status int, page directoryView) error {
	page.head = v.head(v.say("Directory"), "more")
	return v.show(status, "directory", page)
}

// changeDirectory checks what was written, or puts it in force.
func changeDirectory(v *visit) error {
	v.r.Body = http.MaxBytesReader(v.w, v.r.Body, maxDirectory)
	if err := v.r.ParseForm(); err != nil {
		return fmt.Errorf("%w: %w", errForm, err)
	}
	page := directoryView{Text: v.r.PostFormValue("text"), ETag: v.r.PostFormValue("etag")}
	check, err := v.api.CheckDirectory(v.ctx(), []byte(page.Text))
	if err != nil {
		return err
	}
	page.Check = &check
	if !check.Right {
		for _, p := range check.Problems {
			page.Problems = append(page.Problems, v.say("Line %d: %s", p.Line, p.Text))
		}
		return v.showDirectory(http.StatusUnprocessableEntity, page)
	}
	if v.r.PostFormValue("do") != "apply" {
		return v.showDirectory(http.StatusOK, page)
	}
	if _, _, err := v.api.SetDirectory(v.ctx(), []byte(page.Text), page.ETag); err != nil {
		if errors.Is(err, client.ErrStale) {
			page.Stale = true
			return v.showDirectory(http.StatusConflict, page)
		}
		return err
	}
	v.tell(told{Text: v.say("The directory is in force")})
	return v.goTo("/directory")
}
