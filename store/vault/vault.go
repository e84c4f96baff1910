package vault

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
)

// The ways in which an entry is not to be had.
var (
	ErrNone    = errors.New("the vault has no entry of this payment")
	ErrDamaged = errors.New("the vault's entry is damaged") // it is kept: a person may still make something of it
	ErrTaken   = errors.New("the vault has another entry of this payment")
)

const (
	magic     = "TPV1"
	head      = len(magic) + sha256.Size
	extension = ".sealed"
	leftOver  = ".new-" // begins the names of files that were not finished

	// MaxEntry bounds a sealed entry, in bytes.
	MaxEntry = 16 << 10
)

// Hash names an entry in the journal: SHA-256 of what is sealed.
type Hash [sha256.Size]byte

// HashOf names sealed bytes.
func HashOf(sealed []byte) Hash { return sha256.Sum256(sealed) }

// Vault is the folder of entries. It is safe for concurrent use; one process at a time works on a folder, as on the journal beside it.
type Vault struct {
	dir string
	mu  sync.Mutex
}

// Open makes the folder where it is missing, and erases what a crash left unfinished there: no record names it.
func Open(dir string) (*Vault, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	unfinished, err := filepath.Glob(filepath.Join(dir, leftOver+"*"))
	if err != nil {
		return nil, err
	}
	for _, path := range unfinished {
		if err := erase(path); err != nil {
			return nil, err
		}
	}
	return &Vault{dir: dir}, nil
}

// Put keeps a sealed entry; when it returns nil the entry is on disk. The same entry again is no error, another one of the same payment is [ErrTaken]. After
// any other error the entry is there whole or not at all, and no approval may rest on it.
func (v *Vault) Put(payment pos.PaymentID, sealed []byte) (Hash, error) {
	hash := HashOf(sealed)
	if len(sealed) == 0 || len(sealed) > MaxEntry {
		return hash, fmt.Errorf("an entry of %d bytes is not between 1 and %d", len(sealed), MaxEntry)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	switch before, err := v.read(payment); {
	case err == nil && bytes.Equal(before, sealed):
		return hash, nil
	case !errors.Is(err, ErrNone):
		return hash, errors.Join(ErrTaken, err)
	}
	return hash, cose.WriteFile(v.path(payment), slices.Concat([]byte(magic), hash[:], sealed))
}

// Get reads an entry: [ErrNone], or [ErrDamaged] for one that is not as it was put.
func (v *Vault) Get(payment pos.PaymentID) ([]byte, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.read(payment)
}

func (v *Vault) read(payment pos.PaymentID) ([]byte, error) {
	raw, err := os.ReadFile(v.path(payment))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNone
	}
	if err != nil {
		return nil, err
	}
	if len(raw) <= head || string(raw[:len(magic)]) != magic {
		return nil, ErrDamaged
	}
	sealed := raw[head:]
	if hash := HashOf(sealed); !bytes.Equal(hash[:], raw[len(magic):head]) {
		return nil, ErrDamaged
	}
	return sealed, nil
}

// List names the payments with an entry, whole or damaged, the oldest first.
func (v *Vault) List() (list []pos.PaymentID, err error) {
	files, err := os.ReadDir(v.dir)
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		name, ours := strings.CutSuffix(f.Name(), extension)
		if id, err := pos.ParsePaymentID(name); ours && err == nil {
			list = append(list, id)
		}
	}
	return list, nil // names sort by time: they are UUIDv7
}

// Erase overwrites an entry and removes it; when it returns nil that is on disk. One that is not there is no error. What overwriting does not promise, the
// package's documentation says.
func (v *Vault) Erase(payment pos.PaymentID) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	return erase(v.path(payment))
}

func (v *Vault) path(payment pos.PaymentID) string {
	return filepath.Join(v.dir, payment.String()+extension)
}

// erase overwrites a file in place, then unlinks it.
func erase(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := overwrite(f); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := errors.Join(f.Close(), os.Remove(path)); err != nil {
		return err
	}
	return cose.SyncDir(filepath.Dir(path))
}

func overwrite(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if _, err := f.WriteAt(make([]byte, info.Size()), 0); err != nil {
		return err
	}
	return f.Sync()
}
