package directory

// Country is the one whose national form the numbers have that people type or import for a list; empty
// when the directory does not say. Without a list, or for one that names none, it is the centre's.
func (d *Directory) Country(list string) Country {
	for i := range d.file.Lists {
		if l := &d.file.Lists[i]; l.ID == list && l.Country != "" {
			return l.Country
		}
	}
	return d.file.country()
}
