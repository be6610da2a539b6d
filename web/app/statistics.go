package app

import (
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"ringback/web"
)

// statisticsView is what became of the cases of some time.
type statisticsView struct {
	head
	Days    int
	Spans   []spanChoice
	List    string
	Lists   []web.MyList
	Sum     figures
	Plot    template.HTML
	ByDay   []figures
	ByList  []figures
	ByWhy   []figures
	Exports []entry
}

type spanChoice struct {
	Days    int
	Address string
	Here    bool
}

// figures are one row of a table.
type figures struct {
	web.Statistics

	Name       string
	Recovered  int64
	Share      string // of those that ended
	First50    string
	First90    string
	Unanswered int64 // expired, or never reached
}

var spansOfDays = []int{1, 7, 30, 90}

func statisticsPage(v *visit) error {
	days, err := strconv.Atoi(v.r.FormValue("days"))
	if err != nil || days < 1 || days > 365 {
		days = 7
	}
	page := statisticsView{Days: days, List: v.r.FormValue("list")}
	for _, l := range v.me.Lists {
		if l.Right == "supervise" {
			page.Lists = append(page.Lists, l)
		}
	}
	for _, n := range spansOfDays {
		page.Spans = append(page.Spans, spanChoice{n, "/statistics?" + v.with("days", strconv.Itoa(n)), n == days})
	}
	y, m, d := v.now.In(v.zone).Date()
	from := time.Date(y, m, d+1-days, 0, 0, 0, 0, v.zone)
	if err := v.fill(&page, from); err != nil {
		return err
	}
	page.Plot = v.plot(v.everyDay(page.ByDay, from, days))
	q := url.Values{"from": {from.UTC().Format(time.RFC3339)}, "by": {"list"}}
	if zone := v.zoneName(); zone != "" {
		q.Set("zone", zone)
	}
	if page.List != "" {
		q.Set("lists", page.List)
	}
	for _, format := range []string{"csv", "xlsx"} {
		q.Set("format", format)
		page.Exports = append(page.Exports, entry{Name: format, Address: "/v1/exports/statistics?" + q.Encode()})
	}
	page.head = v.head(v.say("Statistics"), "more")
	return v.show(http.StatusOK, "statistics", page)
}

// fill reads the figures.
func (v *visit) fill(page *statisticsView, from time.Time) error {
	var lists []string
	if page.List != "" {
		lists = []string{page.List}
	}
	read := func(by string, name func(*web.Statistics) string) ([]figures, error) {
		rows, err := v.api.StatisticsIn(v.ctx(), lists, from, time.Time{}, by, v.zoneName())
		var all []figures
		for i := range rows {
			all = append(all, v.figures(&rows[i], name(&rows[i])))
		}
		return all, err
	}
	sum, err := read("all", func(*web.Statistics) string { return v.say("All") })
	if err != nil {
		return err
	}
	if len(sum) > 0 {
		page.Sum = sum[0]
	}
	if page.ByDay, err = read("day", func(s *web.Statistics) string { return s.From.In(v.zone).Format(v.say("Jan 2")) }); err != nil {
		return err
	}
	if page.ByList, err = read("list", func(s *web.Statistics) string { return v.listName(s.List) }); err != nil {
		return err
	}
	page.ByWhy, err = read("reason", func(s *web.Statistics) string {
		if s.Reason == "" {
			return v.say("No call")
		}
		return v.why("missed", s.Reason)
	})
	return err
}

// everyDay puts days on which nothing was opened between the others; no days where there is no other.
func (v *visit) everyDay(known []figures, from time.Time, days int) []figures {
	if len(known) == 0 {
		return nil
	}
	all := make([]figures, days)
	for i := range all {
		all[i].Name = from.AddDate(0, 0, i).Format(v.say("Jan 2"))
	}
	for i := range known {
		if at := day(from, *known[i].From, v.zone); at >= 0 && at < days {
			all[at] = known[i]
		}
	}
	return all
}

func (v *visit) figures(s *web.Statistics, name string) figures {
	f := figures{Statistics: *s, Name: name, Recovered: s.AgentReached + s.CallerServed, Unanswered: s.Expired + s.NeverReached}
	if ended := s.Opened - s.Open; ended > 0 {
		f.Share = v.say("%d %%", 100*f.Recovered/ended)
	}
	if s.Tried > 0 {
		f.First50 = v.span(time.Duration(s.FirstP50 * float64(time.Second)))
		f.First90 = v.span(time.Duration(s.FirstP90 * float64(time.Second)))
	}
	return f
}
