package people

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"unicode"
	"unicode/utf8"

	"github.com/tillproof/tillproof/pos"
)

const (
	fileVersion = 1
	maxFile     = 1 << 20 // bytes
	maxPeople   = 500
	maxName     = 64 // characters
)

// file is people.json.
type file struct {
	Version int     `json:"version"`
	People  []entry `json:"people"`
	Others  tries   `json:"others,omitzero"` // tries with ids that nobody has, counted together
}

// entry is a person in the file.
type entry struct {
	ID    pos.PersonID `json:"id"`
	Name  string       `json:"name"`
	Role  Role         `json:"role"`
	PIN   pin          `json:"pin"`
	Tries tries        `json:"tries,omitzero"`
}

func (e *entry) person() Person { return Person{ID: e.ID, Name: e.Name, Role: e.Role} }

// parse reads people.json. Whatever it cannot vouch for is an error: a list that is half understood must neither verify nor be written back.
func parse(text []byte) (*file, error) {
	if len(text) > maxFile {
		return nil, fmt.Errorf("it is larger than %d bytes", maxFile)
	}
	f := &file{}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(f); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the list")
	}
	return f, f.check()
}

func (f *file) check() error {
	if f.Version != fileVersion {
		return fmt.Errorf("its version is %d, and this program knows %d", f.Version, fileVersion)
	}
	if len(f.People) > maxPeople {
		return fmt.Errorf("it has more than %d people", maxPeople)
	}
	seen := map[pos.PersonID]bool{}
	for i := range f.People {
		e := &f.People[i]
		if seen[e.ID] {
			return fmt.Errorf("%s is in it twice", e.ID)
		}
		seen[e.ID] = true
		if err := e.check(); err != nil {
			return fmt.Errorf("person %d: %w", i+1, err)
		}
	}
	return f.Others.check()
}

func (e *entry) check() error {
	_, err := pos.ParsePersonID(string(e.ID))
	return errors.Join(err, checkName(e.Name), checkRole(e.Role), e.PIN.check(), e.Tries.check())
}

func checkRole(r Role) error {
	if r != Cashier && r != Supervisor {
		return fmt.Errorf("role %q is neither cashier nor supervisor", r)
	}
	return nil
}

func checkName(name string) error {
	n := utf8.RuneCountInString(name)
	if !utf8.ValidString(name) || n < 1 || n > maxName {
		return fmt.Errorf("a name has 1 to %d characters", maxName)
	}
	for _, r := range name {
		if !unicode.IsPrint(r) {
			return errors.New("a name has printable characters only")
		}
	}
	return nil
}

// find returns somebody's place in the list, nil for ids that nobody has.
func (f *file) find(id pos.PersonID) *entry {
	i := slices.IndexFunc(f.People, func(e entry) bool { return e.ID == id })
	if i < 0 {
		return nil
	}
	return &f.People[i]
}
