//go:build !windows

package serialport

import "path/filepath"

// resolve follows symbolic links, so that two names of one device have one lock.
func resolve(path string) (string, error) {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", err
	}
	return filepath.Abs(real)
}
