package directory

import "testing"

func TestNumbersOfAListAreInItsCountryElseTheCentres(t *testing.T) {
	pbx := func(c Country) PBX { return PBX{ID: "pbx-" + string(c), Country: c} }
	for _, tc := range []struct {
		name string
		file File
		list string
		want Country
	}{
		{"its own", File{Country: "FI", Lists: []ListEntry{{ID: "l", Country: "SE"}}}, "l", "SE"},
		{"the file's", File{Country: "FI", Lists: []ListEntry{{ID: "l"}}}, "l", "FI"},
		{"no list", File{Country: "FI", Lists: []ListEntry{{ID: "l", Country: "SE"}}}, "", "FI"},
		{"that of all PBXs", File{PBXs: []PBX{pbx("NO"), {ID: "b", Country: "NO"}}}, "l", "NO"},
		{"none, as the PBXs differ", File{PBXs: []PBX{pbx("NO"), pbx("FI")}}, "l", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := &Directory{file: &tc.file}
			if got := d.Country(tc.list); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}
