package detect

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Process is a running program.
type Process struct {
	ID   string
	Name string // of at most 15 characters, as the kernel keeps it
}

func (p Process) String() string { return fmt.Sprintf("%s, process %s", p.Name, p.ID) }

// Processes lists the running programs, in no order. It is empty where the system does not tell.
func (m Machine) Processes() (list []Process) {
	entries, err := os.ReadDir(m.File("proc"))
	if err != nil {
		return nil
	}
	for _, e := range entries {
		if name := m.Line("proc", e.Name(), "comm"); name != "" && strings.Trim(e.Name(), "0123456789") == "" {
			list = append(list, Process{e.Name(), name})
		}
	}
	return list
}

// users maps the paths of ports to the programs that have them open. Only root sees those of other users.
func (m Machine) users() map[string][]string {
	found := map[string][]string{}
	for _, p := range m.Processes() {
		if p.ID == fmt.Sprint(os.Getpid()) && m == "/" {
			continue
		}
		dir := m.File("proc", p.ID, "fd")
		entries, err := os.ReadDir(dir)
		if err != nil {
			continue
		}
		for _, e := range entries {
			target, err := os.Readlink(filepath.Join(dir, e.Name()))
			if err == nil && strings.HasPrefix(target, "/dev/tty") && !slices.Contains(found[target], p.String()) {
				found[target] = append(found[target], p.String())
			}
		}
	}
	return found
}

// sameProcess says whether two texts name one process by their ends ("NAME, process ID").
func sameProcess(a, b string) bool {
	_, a, okA := strings.Cut(a, ", process ")
	_, b, okB := strings.Cut(b, ", process ")
	return okA && okB && a == b
}
