package payload

import "strings"

// Account is one merchant account of an EMVCo code (objects 02-51): one way to be paid.
type Account struct {
	Object Object
	Scheme string   // "" when nobody knows it
	GUID   string   // of a template, as written; compared without case
	Parts  []Object // of a template
}

// accounts reads all merchant accounts in the order of the text.
func (t *Tree) accounts(schemes []Scheme) []Account {
	var all []Account
	for _, o := range t.Objects {
		if id := number(o.ID); id < 2 || id > 51 {
			continue
		}
		a := Account{Object: o}
		if parts, ok := o.Children(); ok {
			guid, _ := find(parts, "00")
			a.Parts, a.GUID = parts, guid.Value
		}
		for _, s := range schemes {
			if s.owns != nil && s.owns(&a, t) {
				a.Scheme = s.Name
				break
			}
		}
		all = append(all, a)
	}
	return all
}

// byGUID recognises templates by their globally unique identifier.
func byGUID(guids ...string) func(*Account, *Tree) bool {
	return func(a *Account, _ *Tree) bool {
		for _, g := range guids {
			if strings.EqualFold(g, a.GUID) {
				return true
			}
		}
		return false
	}
}

// byID recognises the primitive accounts that the standard reserves for card networks (table 3.3).
func byID(first, last int) func(*Account, *Tree) bool {
	return func(a *Account, _ *Tree) bool {
		id := number(a.Object.ID)
		return id >= first && id <= last
	}
}
