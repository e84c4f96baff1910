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
type lockFile struct {
	file *flock.Flock
	path string
}

// acquire locks the device for this Port.
func acquire(device string) (lockFile, error) {
	path := lockPath(device)
	for {
		file := flock.New(path, flock.SetPermissions(0o644))
		locked, err := file.TryLock()
		switch {
		case err != nil:
			return lockFile{}, refused(pos.Transient, "The serial device "+device+" cannot be locked.",
				"Another user may have used it: remove the file "+path+" and try again.", err)
		case !locked:
			return lockFile{}, refused(pos.Transient, "The serial device "+device+" is in use by "+holder(path)+".",
				"Close the other program, or take the device out of its configuration.", nil)
		case named(file, path):
			note := fmt.Sprintf("%s, process %d", filepath.Base(os.Args[0]), os.Getpid())
			_ = os.WriteFile(path, []byte(note), 0o644) // a courtesy to whom the lock keeps out
			return lockFile{file, path}, nil
		}
		_ = file.Unlock()
	}
}

// named says whether the locked file still bears its name. The holder before removed it while we waited to open it: then the lock keeps nobody out.
func named(file *flock.Flock, path string) bool {
	held, err := file.Stat()
	if err != nil {
		return false
	}
	found, err := os.Stat(path)
	return err == nil && os.SameFile(held, found)
}

// release gives the lock back. The file is removed while it is still locked, so that whoever opened it meanwhile sees that.
func (l lockFile) release() {
	_ = os.Remove(l.path) // where open files cannot be removed it stays, unlocked
	_ = l.file.Unlock()
}

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
