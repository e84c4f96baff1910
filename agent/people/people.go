package people

import (
	"os"
	"path/filepath"
	"sync"

	"github.com/tillproof/tillproof/pos"
)

// Role says what a person may do.
type Role string

// The roles. A supervisor may do what a cashier may.
const (
	Cashier    Role = "cashier"
	Supervisor Role = "supervisor"
)

// may says whether the role is enough where need is asked for. A need that nobody knows is met by supervisors only.
func (r Role) may(need Role) bool { return r == Supervisor || r == Cashier && need == Cashier }

// Person is somebody who works at the till.
type Person struct {
	ID   pos.PersonID
	Name string // 1 to 64 characters, for screens and receipts
	Role Role
}

// People is the list of a till. All methods are safe for concurrent use, and beside other processes that change the same file.
type People struct {
	path  string
	cost  cost
	clock func() moment

	one sync.Mutex // one verification at a time: argon2id takes memory
}

// Open prepares the use of a list, which need not be there yet: nobody is set up then. It fails (disk_failed) when the folder that holds it cannot be
// used. A list that is damaged or cannot be read is no reason not to sell, so it is no error here: see [People.Check].
func Open(path string) (*People, error) {
	folder := filepath.Dir(path)
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		return nil, errFolder(folder, err)
	}
	return &People{path: path, cost: defaultCost(), clock: systemClock}, nil
}

// Check says whether the list can be used. Its error (people_unreadable) is for a log at the start: until the file is mended nobody is
// verified, and nothing overwrites it.
func (p *People) Check() error {
	_, err := p.load()
	return err
}

// List returns who is set up, in the order of the file. It is empty, never nil, when nobody is or when the list cannot be read.
func (p *People) List() []Person {
	list := []Person{}
	f, err := p.load()
	if err != nil {
		return list
	}
	for i := range f.People {
		list = append(list, f.People[i].person())
	}
	return list
}
