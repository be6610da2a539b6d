package web

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"ringback/directory/audit"
	"ringback/directory/contacts"
	"ringback/sip"
)

// Contact is somebody known, with his numbers.
type Contact struct {
	ID         string    `json:"id" doc:"Stable and unique."`
	Name       string    `json:"name,omitempty" doc:"Absent where only a company is known."`
	Company    string    `json:"company,omitempty"`
	Numbers    []string  `json:"numbers" nullable:"false" doc:"E.164, the main one first."`
	ExternalID string    `json:"external_id,omitempty" doc:"What the system it was imported from calls it."`
	Called     string    `json:"called" doc:"What to show."`
	Created    time.Time `json:"created" doc:"When it was made."`
	Updated    time.Time `json:"updated" doc:"When it was changed last."`
	Version    uint64    `json:"version" doc:"Grows with every change; also the ETag."`
}

// ContactDraft is what people say of a contact.
type ContactDraft struct {
	Name       string   `json:"name,omitempty" maxLength:"200" doc:"A name or a company is needed."`
	Company    string   `json:"company,omitempty" maxLength:"200"`
	Numbers    []string `json:"numbers" nullable:"false" minItems:"1" maxItems:"50" doc:"As people write them, the main one first."`
	ExternalID string   `json:"external_id,omitempty" maxLength:"200" doc:"What another system calls it."`
}

func contactOf(c *contacts.Contact) Contact {
	shown := Contact{
		ID: c.ID, Name: c.Name, Company: c.Company, Numbers: []string{}, ExternalID: c.ExternalID, Called: c.Called(),
		Created: c.Created, Updated: c.Updated, Version: c.Version,
	}
	for _, n := range c.Numbers {
		shown.Numbers = append(shown.Numbers, n.String())
	}
	return shown
}

func (s *Server) draftOf(d *ContactDraft) (contacts.Draft, error) {
	out := contacts.Draft{Name: d.Name, Company: d.Company, ExternalID: d.ExternalID}
	for i, text := range d.Numbers {
		n, err := s.numberIn(text, "", "body.numbers["+strconv.Itoa(i)+"]")
		if err == nil && n == 0 {
			err = invalid("body.numbers["+strconv.Itoa(i)+"]", notNumber)
		}
		if err != nil {
			return out, err
		}
		out.Numbers = append(out.Numbers, n)
	}
	return out, nil
}

func (s *Server) registerContacts(api huma.API) {
	if s.o.Contacts == nil {
		return
	}
	handle(s, api, operation(http.MethodGet, "/v1/contacts", "list-contacts", "contacts", "Contacts",
		"All, or those whose words begin as the text does, or whose number does.", http.StatusForbidden), s.listContacts)
	create := operation(http.MethodPost, "/v1/contacts", "create-contact", "contacts", "Make a contact",
		"One person or company with one or several numbers. A number is of one contact: 409 names the one that has it, in contact.",
		http.StatusForbidden, http.StatusConflict)
	create.DefaultStatus = http.StatusCreated
	handle(s, api, withBody(create), s.createContact)
	handle(s, api, operation(http.MethodGet, "/v1/contacts/{id}", "get-contact", "contacts", "One contact", "",
		http.StatusForbidden, http.StatusNotFound), s.contact)
	handle(s, api, withBody(operation(http.MethodPut, "/v1/contacts/{id}", "replace-contact", "contacts", "Change a contact",
		"Replaces all that is said of it.", http.StatusForbidden, http.StatusNotFound, http.StatusConflict, http.StatusPreconditionFailed)), s.replaceContact)
	remove := operation(http.MethodDelete, "/v1/contacts/{id}", "delete-contact", "contacts", "Take a contact away", "",
		http.StatusForbidden, http.StatusNotFound, http.StatusPreconditionFailed)
	remove.DefaultStatus = http.StatusNoContent
	handle(s, api, remove, s.deleteContact)
}

type contactsInput struct {
	Text   string `query:"q" maxLength:"200" doc:"Beginnings of words of name or company, all of them; or the beginning of a number."`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"How many at most."`
	Cursor string `query:"cursor" maxLength:"2048" doc:"The next of the page before."`
}

type contactsOutput struct {
	Body struct {
		Contacts []Contact `json:"contacts" nullable:"false"`
		Next     string    `json:"next,omitempty" doc:"The cursor of the next page; absent on the last. A page may be short, or empty, and have one."`
	}
}

func (s *Server) listContacts(_ context.Context, in *contactsInput) (*contactsOutput, error) {
	page, err := s.o.Contacts.Page(contacts.Query{Text: s.beginningIn(in.Text), Limit: in.Limit, Cursor: in.Cursor})
	if err != nil {
		return nil, err
	}
	out := &contactsOutput{}
	out.Body.Contacts, out.Body.Next = []Contact{}, page.Next
	for i := range page.Contacts {
		out.Body.Contacts = append(out.Body.Contacts, contactOf(&page.Contacts[i]))
	}
	return out, nil
}

// ContactID is what a request about one contact has in its path. Huma reads embedded structs only when
// they are exported.
type ContactID struct {
	ID string `path:"id" maxLength:"64" doc:"The contact's id."`
}

type contactOutput struct {
	ETag string `header:"ETag" doc:"The contact's version."`
	Body Contact
}

func shownContact(c *contacts.Contact) *contactOutput {
	return &contactOutput{entityTag(strconv.FormatUint(c.Version, 10)), contactOf(c)}
}

func (s *Server) contact(_ context.Context, in *ContactID) (*contactOutput, error) {
	c, err := s.o.Contacts.Contact(in.ID)
	if err != nil {
		return nil, err
	}
	return shownContact(&c), nil
}

type createdContact struct {
	Location string `header:"Location" doc:"The contact's address."`
	ETag     string `header:"ETag" doc:"The contact's version."`
	Body     Contact
}

func (s *Server) createContact(ctx context.Context, in *struct {
	KeyHead
	Body ContactDraft
},
) (*createdContact, error) {
	draft, err := s.draftOf(&in.Body)
	if err != nil {
		return nil, err
	}
	c := callerOf(ctx)
	id, err := s.once(ctx, in.KeyHead, &in.Body, func(act string) (string, error) {
		made, err := s.o.Contacts.Create(ctx, contactAct(c, act), draft)
		return made.ID, err
	})
	if err != nil {
		return nil, err
	}
	made, err := s.o.Contacts.Contact(id)
	if err != nil {
		return nil, err
	}
	return &createdContact{"/v1/contacts/" + made.ID, entityTag(strconv.FormatUint(made.Version, 10)), contactOf(&made)}, nil
}

func (s *Server) replaceContact(ctx context.Context, in *struct {
	ContactID
	MatchHead
	Body ContactDraft
},
) (*contactOutput, error) {
	draft, err := s.draftOf(&in.Body)
	if err != nil {
		return nil, err
	}
	version, err := s.contactVersion(in.ID, in.IfMatch)
	if err != nil {
		return nil, err
	}
	made, err := s.o.Contacts.Edit(ctx, contactAct(callerOf(ctx), newAct()), in.ID, version, draft)
	if err != nil {
		return nil, err
	}
	return shownContact(&made), nil
}

func (s *Server) deleteContact(ctx context.Context, in *struct {
	ContactID
	MatchHead
},
) (*struct{}, error) {
	version, err := s.contactVersion(in.ID, in.IfMatch)
	if err != nil {
		return nil, err
	}
	return nil, s.o.Contacts.Delete(ctx, contactAct(callerOf(ctx), newAct()), in.ID, version)
}

// contactVersion is the version of a contact that If-Match insists on, 0 for whatever it is.
func (s *Server) contactVersion(id, header string) (uint64, error) {
	if header == "" {
		return 0, nil
	}
	now, err := s.o.Contacts.Contact(id)
	if err != nil {
		return 0, err
	}
	return versionIn(header, now.Version)
}

// contactAct is a caller as he changes contacts now.
func contactAct(c *caller, id string) contacts.Act {
	return contacts.Act{ID: id, Act: audit.Act{By: c.Who(), Peer: c.address, At: time.Now()}}
}

// nameOf is the contact that has a number, nil when none has.
func (s *Server) nameOf(n sip.Number) *Named {
	named, err := s.o.Contacts.NameOf(n)
	if err != nil {
		s.o.Logger.Error("the name of a number cannot be read", "err", err)
	}
	if named.ID == "" {
		return nil
	}
	return &Named{named.ID, named.Name}
}
