package detect

import (
	"path/filepath"
	"runtime"
)

// WholePath is a port by its path from the root of the machine: one that is relative is looked for from the folder in which the program runs. "" stays so,
// and names on Windows, which has ports without a path.
func WholePath(port string) string {
	path, err := filepath.Abs(port)
	if port == "" || err != nil || runtime.GOOS == "windows" {
		return port
	}
	return path
}
