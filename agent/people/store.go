package people

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/gofrs/flock"

	"github.com/tillproof/tillproof/store/cose"
)

const (
	lockWait  = 5 * time.Second // a change takes milliseconds; whoever holds the lock for longer is stuck
	lockRetry = 5 * time.Millisecond
)

// load reads the list. A file that is not there is an empty list.
func (p *People) load() (*file, error) {
	r, err := os.Open(p.path)
	if errors.Is(err, fs.ErrNotExist) {
		return &file{Version: fileVersion}, nil
	}
	if err != nil {
		return nil, errUnreadable(p.path, err)
	}
	defer r.Close()
	text, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return nil, errUnreadable(p.path, err)
	}
	f, err := parse(text)
	if err != nil {
		return nil, errUnreadable(p.path, err)
	}
	return f, nil
}

// change reads the list, lets edit change it, and makes the outcome durable before it returns. Nothing is written when edit fails, or when the
// list cannot be read: what somebody could still mend is never overwritten.
func (p *People) change(edit func(*file) error) error {
	unlock, err := p.lock()
	if err != nil {
		return err
	}
	defer unlock()
	f, err := p.load()
	if err != nil {
		return err
	}
	if err := edit(f); err != nil {
		return err
	}
	text, err := json.MarshalIndent(f, "", "  ")
	if err == nil {
		err = cose.WriteFile(p.path, append(text, '\n'))
	}
	if err != nil {
		return errDisk(err)
	}
	return nil
}

// lock keeps other processes from changing the list. The kernel frees it when the process dies, however it dies. The file of the lock is another one
// than the list, which is replaced, and it stays.
func (p *People) lock() (unlock func(), err error) {
	l := flock.New(p.path+".lock", flock.SetPermissions(0o600))
	ctx, stop := context.WithTimeout(context.Background(), lockWait)
	defer stop()
	if got, err := l.TryLockContext(ctx, lockRetry); !got {
		return nil, errDisk(err)
	}
	return func() { _ = l.Unlock() }, nil // it closes the file, which frees the lock in any case
}
