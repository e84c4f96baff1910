package detect

import (
	"os"
	"path/filepath"
	"strings"
)

// Machine is where the system's files are: "/" for this machine, a folder of copies for a test.
type Machine string

// File is a system path under the root.
func (m Machine) File(path ...string) string {
	return filepath.Join(append([]string{string(m)}, path...)...)
}

// own is the system path of one under the root.
func (m Machine) own(path string) string {
	rel, err := filepath.Rel(string(m), path)
	if err != nil {
		return path
	}
	return "/" + rel
}

// Line is the first line of a system file without its blanks, "" when it cannot be read.
func (m Machine) Line(path ...string) string { return lineOf(m.File(path...)) }

func lineOf(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(string(text), "\n")
	return clean(line)
}

// clean takes control characters off what a device tells of itself, and cuts it.
func clean(text string) string {
	const most = 100
	text = strings.TrimSpace(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7F || r == 0xFFFD {
			return -1
		}
		return r
	}, text))
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most])
	}
	return text
}
