package web

import (
	"maps"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// refuseUnknown lets requests have no members that do not exist: one misspelt would be left out without a word. Answers
// may get further members, so what is in both is described for requests anew.
func refuseUnknown(doc *huma.OpenAPI) {
	s := strictness{registry: doc.Components.Schemas, answered: map[string]bool{}, done: map[*huma.Schema]bool{}}
	for _, op := range operationsOf(doc) {
		for _, answer := range op.Responses {
			for _, media := range answer.Content {
				s.answers(media.Schema)
			}
		}
	}
	for _, op := range operationsOf(doc) {
		if op.RequestBody != nil {
			for _, media := range op.RequestBody.Content {
				s.strict(media.Schema)
			}
		}
	}
}

// operationsOf are all operations described, in the order of their addresses.
func operationsOf(doc *huma.OpenAPI) (all []*huma.Operation) {
	for _, path := range slices.Sorted(maps.Keys(doc.Paths)) {
		item := doc.Paths[path]
		for _, op := range []*huma.Operation{item.Get, item.Put, item.Post, item.Patch, item.Delete} {
			if op != nil {
				all = append(all, op)
			}
		}
	}
	return all
}

// strictness is a description whose requests are made strict.
type strictness struct {
	registry huma.Registry
	answered map[string]bool // names of schemas in answers
	done     map[*huma.Schema]bool
}

// answers notes what a schema of an answer is made of.
func (s *strictness) answers(of *huma.Schema) {
	if of == nil || s.answered[of.Ref] {
		return
	}
	if of.Ref != "" {
		s.answered[of.Ref] = true
		s.answers(s.registry.SchemaFromRef(of.Ref))
		return
	}
	for _, member := range of.Properties {
		s.answers(member)
	}
	s.answers(of.Items)
}

// strict makes a schema of a request strict, in place: requests are checked by what they were registered with. What
// answers refer to as well is copied under a name of its own.
func (s *strictness) strict(of *huma.Schema) {
	if of == nil || s.done[of] {
		return
	}
	s.done[of] = true
	switch {
	case s.answered[of.Ref]:
		lax := s.registry.SchemaFromRef(of.Ref)
		of.Ref += "Given"
		name := of.Ref[strings.LastIndexByte(of.Ref, '/')+1:]
		if s.registry.Map()[name] == nil {
			given := *lax
			given.Properties = map[string]*huma.Schema{}
			for member, schema := range lax.Properties {
				own := *schema
				given.Properties[member] = &own
			}
			s.registry.Map()[name] = &given
		}
		s.strict(s.registry.Map()[name])
	case of.Ref != "":
		s.strict(s.registry.SchemaFromRef(of.Ref))
	default:
		if len(of.Properties) > 0 {
			of.AdditionalProperties = false
		}
		for _, member := range of.Properties {
			s.strict(member)
		}
		s.strict(of.Items)
	}
}
