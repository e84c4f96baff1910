package journal

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/gofrs/flock"
)

// lock keeps a second agent away from a folder. The kernel frees it when the process dies, however it dies.
type lock struct{ file *flock.Flock }

func acquire(dir string) (*lock, error) {
	path := filepath.Join(dir, "lock")
	f := flock.New(path, flock.SetPermissions(0o600))
	got, err := f.TryLock()
	if err != nil {
		return nil, errCreate(dir, err)
	}
	if !got {
		return nil, errLocked(dir, holder(path))
	}
	// The process id is for the message of the next one only; not being able to write it takes nothing from the lock.
	_ = os.WriteFile(path, fmt.Appendf(nil, "process %d", os.Getpid()), 0o600)
	return &lock{f}, nil
}

func holder(path string) string {
	text, err := os.ReadFile(path)
	if err != nil || len(text) == 0 {
		return "another agent"
	}
	return strings.TrimSpace(string(text))
}

func (l *lock) release() error { return l.file.Unlock() }
