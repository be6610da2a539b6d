package directory

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

const callingYAML = `
country: FI
calling:
  countries: [FI, se]
  in_quiet_hours: warn
  quiet_hours: 20:00-09:00
lists:
  - {id: support}
  - id: campaign
    kind: call
    calling: {quiet_hours: 18:00-10:00, in_quiet_hours: block, allow_list: warn, do_not_call: off}
`

func TestAListHasTheCallingRulesOfTheCompanyWhereItSetsNone(t *testing.T) {
	f, err := Parse("test", []byte(callingYAML))
	if err != nil {
		t.Fatal(err)
	}
	d, err := New(f)
	if err != nil {
		t.Fatal(err)
	}
	company := DefaultCalling()
	company.Countries, company.InQuietHours, company.QuietHours = []Country{"FI", "SE"}, Warn, Range{20 * 60, 33 * 60}
	if diff := cmp.Diff(company, d.Calling()); diff != "" {
		t.Errorf("the company's (-want +got)\n%s", diff)
	}
	support, _ := d.List("support")
	if diff := cmp.Diff(company, support.Calling); diff != "" {
		t.Errorf("support's (-want +got)\n%s", diff)
	}
	campaign, _ := d.List("campaign")
	own := company
	own.QuietHours, own.InQuietHours, own.AllowList, own.DoNotCall = Range{18 * 60, 34 * 60}, Block, Warn, Off
	if diff := cmp.Diff(own, campaign.Calling); diff != "" {
		t.Errorf("campaign's (-want +got)\n%s", diff)
	}
	again, err := Parse("test", Format(f))
	if err != nil {
		t.Fatalf("%v in\n%s", err, Format(f))
	}
	if diff := cmp.Diff(f, again); diff != "" {
		t.Errorf("written and read again (-want +got)\n%s", diff)
	}
}

func TestADifferenceInTheCallingRulesIsTold(t *testing.T) {
	before, err := Parse("test", []byte(callingYAML))
	if err != nil {
		t.Fatal(err)
	}
	after, err := Parse("test", []byte("country: FI\ncalling: {countries: FI, premium: off}\nlists:\n  - {id: support}\n  - {id: campaign, kind: call, calling: {allow_list: block}}\n"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range Diff(before, after) {
		got = append(got, c.String())
	}
	want := []string{
		"~ file: calling.countries without [SE]",
		"~ file: calling.premium default → off",
		"~ file: calling.quiet_hours 20:00-09:00 → none",
		"~ file: calling.in_quiet_hours warn → default",
		"~ list campaign: calling.do_not_call off → default",
		"~ list campaign: calling.allow_list warn → block",
		"~ list campaign: calling.quiet_hours 18:00-10:00 → none",
		"~ list campaign: calling.in_quiet_hours block → default",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}
