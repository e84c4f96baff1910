package scenario

import (
	"os"
	"syscall"
)

func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

// interrupt ends the child at once: Windows has no signal that a child without a console would get. The journal is made for that.
func interrupt(p *os.Process) error { return p.Kill() }
