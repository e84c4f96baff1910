package screens_test

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"testing"
)

// child is a process of the demo, found by its command line: the tests stop and kill what the demo's own control API can only restart.
type child struct {
	t   *testing.T
	pid int
}

// child finds the process of a command of this demo: run, platform or broker.
func (s *shop) child(command string) *child {
	s.t.Helper()
	if runtime.GOOS != "linux" {
		s.t.Skip("needs /proc to find the demo's processes")
	}
	paths, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		s.t.Fatal(err)
	}
	for _, path := range paths {
		line, err := os.ReadFile(path)
		if err != nil || !bytes.HasPrefix(line, []byte(bench.exe+"\x00"+command+"\x00")) || !bytes.Contains(line, []byte(s.Data+"/")) {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path))); err == nil {
			return &child{s.t, pid}
		}
	}
	s.t.Fatalf("no process %s of this demo", command)
	return nil
}

func (c *child) signal(what syscall.Signal) {
	c.t.Helper()
	if err := syscall.Kill(c.pid, what); err != nil {
		c.t.Fatal(err)
	}
}

// freeze stops a process in the middle of whatever it does; its connections stay open and nothing answers. The end of the test thaws
// it.
func (c *child) freeze() {
	c.t.Helper()
	c.signal(syscall.SIGSTOP)
	c.t.Cleanup(func() { _ = syscall.Kill(c.pid, syscall.SIGCONT) })
}

// thaw lets it go on.
func (c *child) thaw() {
	c.t.Helper()
	c.signal(syscall.SIGCONT)
}

// kill takes the power away. Nobody starts it again before the test asks the demo to.
func (c *child) kill() {
	c.t.Helper()
	c.signal(syscall.SIGKILL)
}
