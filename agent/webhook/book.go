package webhook

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"sync"

	"github.com/tillproof/tillproof/store/cose"
)

// book keeps the memories of all hooks in one file. A hook that is no longer configured stays in it: when it comes back it goes on where it was.
type book struct {
	path    string
	damaged bool // the file could not be understood and was put aside

	saving sync.Mutex // one save at a time: an older state must not be written over a newer one
	mu     sync.Mutex // guards what follows, and each memory
	hooks  map[string]*memory
}

// openBook reads the file. A file that cannot be understood is renamed, and the places in it are lost.
func openBook(path string) (*book, error) {
	b := &book{path: path, hooks: map[string]*memory{}}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return b, nil
	}
	if err != nil {
		return nil, err
	}
	if json.Unmarshal(text, &b.hooks) == nil {
		return b, nil
	}
	b.hooks, b.damaged = map[string]*memory{}, true
	return b, os.Rename(path, path+".damaged")
}

// save makes all memories durable, with mode 0600.
func (b *book) save() error {
	b.saving.Lock()
	defer b.saving.Unlock()
	b.mu.Lock()
	text, err := json.Marshal(b.hooks)
	b.mu.Unlock()
	if err != nil {
		return err
	}
	return cose.WriteFile(b.path, append(text, '\n'))
}
