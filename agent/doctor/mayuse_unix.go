//go:build unix

package doctor

import (
	"fmt"
	"io/fs"
	"os/user"
	"syscall"

	"golang.org/x/sys/unix"
)

// mayUse says whether this user may read and write a file, and which group may.
func mayUse(path string, info fs.FileInfo) (group string, ok bool) {
	if unix.Access(path, unix.R_OK|unix.W_OK) == nil {
		return "", true
	}
	group = "dialout"
	if stat, is := info.Sys().(*syscall.Stat_t); is {
		if g, err := user.LookupGroupId(fmt.Sprint(stat.Gid)); err == nil {
			group = g.Name
		}
	}
	return group, false
}
