package fleet

import (
	"fmt"
	"os"
)

// residentPages is the resident memory of the process, in bytes, 0 when the kernel does not tell.
func residentPages() uint64 {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	var size, pages uint64
	if _, err := fmt.Sscan(string(text), &size, &pages); err != nil {
		return 0
	}
	return pages * uint64(os.Getpagesize())
}
