//go:build !windows

package space

import "golang.org/x/sys/unix"

// Free is the space that is left for us on the disk of a folder, in bytes.
func Free(dir string) (uint64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, err
	}
	return s.Bavail * uint64(s.Bsize), nil
}
