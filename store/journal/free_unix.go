//go:build !windows

package journal

import "golang.org/x/sys/unix"

// FreeBytes is the space that is left for us on the disk of a folder.
func FreeBytes(dir string) (uint64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, err
	}
	return s.Bavail * uint64(s.Bsize), nil
}
