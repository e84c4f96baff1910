package people

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tillproof/tillproof/pos"
)

// Add sets somebody up. Errors: person_invalid, pin_invalid, person_exists, people_unreadable, disk_failed; none of them changed anything.
func (p *People) Add(who Person, digits string) error {
	_, err := pos.ParsePersonID(string(who.ID))
	if err = errors.Join(err, checkName(who.Name), checkRole(who.Role)); err != nil {
		return errPerson(err)
	}
	secret, err := p.secret(digits)
	if err != nil {
		return err
	}
	return p.change(func(f *file) error {
		switch {
		case f.find(who.ID) != nil:
			return errKnown(who.ID)
		case len(f.People) >= maxPeople:
			return errPerson(fmt.Errorf("a till has at most %d people", maxPeople))
		}
		f.People = append(f.People, entry{ID: who.ID, Name: who.Name, Role: who.Role, PIN: secret})
		return nil
	})
}

// secret checks and hashes a PIN.
func (p *People) secret(digits string) (pin, error) {
	if err := CheckPIN(digits); err != nil {
		return pin{}, err
	}
	return newPIN(digits, p.cost)
}

// Remove takes somebody off the list; records keep the id. Errors: person_unknown, people_unreadable, disk_failed.
func (p *People) Remove(id pos.PersonID) error {
	return p.change(func(f *file) error {
		before := len(f.People)
		f.People = slices.DeleteFunc(f.People, func(e entry) bool { return e.ID == id })
		if len(f.People) == before {
			return errUnknown(id)
		}
		return nil
	})
}

// SetPIN gives somebody another PIN and ends a pause. Errors: pin_invalid, person_unknown, people_unreadable, disk_failed.
func (p *People) SetPIN(id pos.PersonID, digits string) error {
	secret, err := p.secret(digits)
	if err != nil {
		return err
	}
	return p.edit(id, func(e *entry) { e.PIN, e.Tries = secret, tries{} })
}

// Unlock ends a pause and forgets the wrong tries before it. Errors: person_unknown, people_unreadable, disk_failed.
func (p *People) Unlock(id pos.PersonID) error {
	return p.edit(id, func(e *entry) { e.Tries = tries{} })
}

func (p *People) edit(id pos.PersonID, edit func(*entry)) error {
	return p.change(func(f *file) error {
		e := f.find(id)
		if e == nil {
			return errUnknown(id)
		}
		edit(e)
		return nil
	})
}

// Standing is a person and the wrong tries made with the id.
type Standing struct {
	Person
	WrongTries  int       // in a row
	LockedUntil time.Time // zero when no pause is on
}

// Standings returns who is set up and who has to wait, in the order of the file. Error: people_unreadable.
func (p *People) Standings() ([]Standing, error) {
	f, err := p.load()
	if err != nil {
		return nil, err
	}
	list, now := []Standing{}, p.clock()
	for i := range f.People {
		e := &f.People[i]
		s := Standing{Person: e.person(), WrongTries: e.Tries.Failed}
		if rest := e.Tries.remaining(now); rest > 0 {
			s.LockedUntil = now.after(rest)
		}
		list = append(list, s)
	}
	return list, nil
}
