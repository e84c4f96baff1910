package people

import (
	"strings"

	"github.com/tillproof/tillproof/pos"
)

// Verify says who somebody is, by id and PIN, and that the role is enough. No money has moved by it, whatever it answers.
//
// Its errors are *[pos.Error]: pin_wrong (member tries_left, before the next pause), pin_locked (member until_at: after five wrong tries in a row
// nobody is verified for 1, 5, 15 minutes and so on, the right PIN included; [People.Unlock] ends it), not_permitted (the PIN is right and the
// role too low), no_people (nobody is set up, or the list cannot be read), disk_failed (the try cannot be written down, so it is not made).
// Ids that nobody has share one count and take as long as others.
func (p *People) Verify(id pos.PersonID, digits string, need Role) (Person, error) {
	p.one.Lock()
	defer p.one.Unlock()
	tried, err := p.book(id)
	if err != nil {
		return Person{}, err
	}
	if !tried.PIN.matches(digits) {
		return Person{}, p.wrong(&tried)
	}
	return p.proven(&tried, need)
}

// book counts a try as a wrong one before its end is known, and returns whom it is held against.
func (p *People) book(id pos.PersonID) (tried entry, err error) {
	err = p.change(func(f *file) error {
		if len(f.People) == 0 {
			return errNobody()
		}
		now := p.clock()
		count := &f.Others
		tried = nobody(f.People[0].PIN.cost)
		if e := f.find(id); e != nil {
			tried, count = *e, &e.Tries
		}
		if rest := count.remaining(now); rest > 0 {
			return errPaused(now.after(rest))
		}
		count.count(now)
		tried.Tries = *count
		return nil
	})
	return tried, asNoPeople(err)
}

// nobody stands for ids that nobody has: hashing against it takes as long, and no PIN has a hash of zeros.
func nobody(c cost) entry {
	return entry{PIN: pin{cost: c, Salt: strings.Repeat("00", saltBytes), Hash: strings.Repeat("00", hashBytes)}}
}

// wrong is the answer to a wrong PIN, which was counted already.
func (p *People) wrong(tried *entry) error {
	now := p.clock()
	if rest := tried.Tries.remaining(now); rest > 0 {
		return errPaused(now.after(rest))
	}
	return errWrong(tried.Tries.left())
}

// proven takes the count back. Who was removed or given another PIN in the meantime is not who was verified.
func (p *People) proven(tried *entry, need Role) (who Person, err error) {
	err = p.change(func(f *file) error {
		e := f.find(tried.ID)
		if e == nil || e.PIN != tried.PIN {
			return errWrong(tried.Tries.left())
		}
		e.Tries = tries{}
		who = e.person()
		return nil
	})
	if err == nil && !who.Role.may(need) {
		err = errRole(who)
	}
	if err != nil {
		return Person{}, asNoPeople(err)
	}
	return who, nil
}
