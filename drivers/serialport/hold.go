package serialport

import (
	"os"

	"github.com/gofrs/flock"
)

// Hold keeps every other user of this package out of the device at path, without opening it, until release is called. Who looks at a port by other means
// holds it meanwhile, so that no till opens it under different settings. It fails as [Open] does; nothing is sent.
func Hold(path string) (release func(), err error) {
	device, err := resolve(path)
	if err != nil {
		return nil, explain(path, err)
	}
	lock, err := acquire(device)
	if err != nil {
		return nil, err
	}
	return lock.release, nil
}

// Holder says which program has the device at path open by this package, in this process or another: its name and process, "" for none. It opens
// nothing. For the moment of its look it may keep an opener out, who tries again by itself.
func Holder(path string) string {
	device, err := resolve(path)
	if err != nil {
		return ""
	}
	name := lockPath(device)
	if _, err := os.Stat(name); err != nil {
		return ""
	}
	file := flock.New(name, flock.SetFlag(os.O_RDONLY))
	free, err := file.TryRLock()
	if err != nil || !free {
		return holder(name)
	}
	_ = file.Unlock()
	return ""
}
