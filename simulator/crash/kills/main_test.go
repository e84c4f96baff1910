//go:build linux

package kills

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// exe is the program under test, built once; hasty is the same program but for the time: records may go after some seconds instead of days.
var exe, hasty string

// kept is how long hasty keeps records that the platform holds: 30 days of a second.
const kept = 30 * time.Second

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "tillproof-kills-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	exe, hasty = filepath.Join(dir, "tillproof"), filepath.Join(dir, "hasty")
	overlay, err := hurry(dir)
	if err = errors.Join(err, build(exe), build(hasty, "-overlay", overlay)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

func build(program string, flags ...string) error {
	c := exec.Command("go", append(append([]string{"build", "-o", program}, flags...), "github.com/tillproof/tillproof")...)
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("%s\n%w", out, err)
	}
	return nil
}

// hurry makes an overlay in which a day of retention lasts a second, and old records are looked for all the time.
func hurry(dir string) (overlay string, err error) {
	replace := map[string]string{}
	for _, edit := range [][3]string{
		{"agent/retain.go", "pruneEvery = time.Hour", "pruneEvery = 50 * time.Millisecond"},
		{"agent/retain.go", "24 * time.Hour", "time.Second"},
		{"store/journal/prune.go", "MinRetention = 24 * time.Hour", "MinRetention = time.Second"},
	} {
		original, err := filepath.Abs("../../../" + edit[0])
		if err != nil {
			return "", err
		}
		changed := replace[original]
		if changed == "" {
			changed = filepath.Join(dir, filepath.Base(original))
			replace[original] = changed
			text, err := os.ReadFile(original)
			if err == nil {
				err = os.WriteFile(changed, text, 0o600)
			}
			if err != nil {
				return "", err
			}
		}
		if err := change(changed, edit[1], edit[2]); err != nil {
			return "", err
		}
	}
	table, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	overlay = filepath.Join(dir, "overlay.json")
	return overlay, os.WriteFile(overlay, table, 0o600)
}

// change replaces what stands once in a file.
func change(path, from, to string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if strings.Count(string(text), from) != 1 {
		return fmt.Errorf("%s does not say %q once", path, from)
	}
	return os.WriteFile(path, []byte(strings.Replace(string(text), from, to, 1)), 0o600)
}
