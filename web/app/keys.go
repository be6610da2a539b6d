package app

import "net/http"

// keysView says which keys do what.
type keysView struct {
	head
	Keys []shortcut
}

// shortcut is a key and what it does.
type shortcut struct{ Key, Does string }

func keysPage(v *visit) error {
	return v.show(http.StatusOK, "keys", keysView{v.head(v.say("Keyboard"), "more"), []shortcut{
		{"j", v.say("The next case")},
		{"k", v.say("The case before")},
		{"Enter", v.say("Open the case")},
		{"c", v.say("Call the customer")},
		{"a", v.say("What can be done with the case")},
		{"/", v.say("Search")},
		{"?", v.say("These keys")},
		{"Esc", v.say("Close what is open")},
	}})
}
