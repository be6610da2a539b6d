package cases_test

import (
	"slices"
	"testing"

	"ringback/cases"
	"ringback/sip"
)

func TestAllCasesOfACustomerAreFoundOpenAndClosed(t *testing.T) {
	w := desk(t)
	var want []string
	for i := range 3 {
		id := w.missed(maija, "hotline", float64(1000*i)).ID
		want = append(want, id)
		w.must(by("101", id, float64(1000*i+500)), cases.Close{Reason: cases.Unsuccessful}, "closed callbacks unsuccessful by 101")
	}
	want = append(want, w.create("101", 5000, cases.Draft{List: "support", Number: maija}).ID, w.missed(maija, "hotline", 6000).ID)
	w.missed(pekka, "hotline", 100)
	got := func(n sip.Number) (ids []string) {
		all, err := w.c.OfCustomer(n)
		if err != nil {
			t.Fatal(err)
		}
		for i := range all {
			ids = append(ids, all[i].ID)
		}
		slices.Sort(ids)
		return ids
	}
	slices.Sort(want)
	same(t, "maija's", want, got(maija))
	if len(got(pekka)) != 1 || got(0) != nil || got(358999999999) != nil {
		t.Errorf("%v %v", got(pekka), got(0))
	}
}
