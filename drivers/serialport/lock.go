package serialport

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/gofrs/flock"
	"github.com/tillproof/tillproof/pos"
)

// lockFile keeps a second opener out, in this process or another. The system's own exclusive mode does not bind root.
// The file stays when the lock is given back: removing it would let two processes lock two files of one name.
type lockFile struct{ file *flock.Flock }

// acquire locks the device for this Port.
func acquire(device string) (lockFile, error) {
	path := lockPath(device)
	file := flock.New(path, flock.SetPermissions(0o644))
	locked, err := file.TryLock()
	switch {
	case err != nil:
		return lockFile{}, refused(pos.Transient, "The serial device "+device+" cannot be locked.",
			"Another user may have used it: remove the file "+path+" and try again.", err)
	case !locked:
		return lockFile{}, refused(pos.Transient, "The serial device "+device+" is in use by "+holder(path)+".",
			"Close the other program, or take the device out of its configuration.", nil)
	}
	note := fmt.Sprintf("%s, process %d", filepath.Base(os.Args[0]), os.Getpid())
	_ = os.WriteFile(path, []byte(note), 0o644) // a courtesy to whom the lock keeps out
	return lockFile{file}, nil
}

// release gives the lock back.
func (l lockFile) release() { _ = l.file.Unlock() }

// lockPath is the lock file of a device: one per real path.
func lockPath(device string) string {
	return filepath.Join(os.TempDir(), "tillproof-"+url.QueryEscape(strings.TrimPrefix(device, "/dev/"))+".lock")
}

// holder reads who wrote the lock file.
func holder(path string) string {
	note, err := os.ReadFile(path)
	if err != nil || len(note) == 0 || len(note) > 200 {
		return "another program"
	}
	return string(note)
}
