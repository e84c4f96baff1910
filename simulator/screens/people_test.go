package screens_test

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// staff sets somebody up at the running till, as somebody does at its keyboard.
func (s *shop) staff(id, name, role, pin string) {
	s.t.Helper()
	cmd := exec.Command(bench.exe, "people", "add", id, "--name", name, "--role", role, "--pin-stdin", "--data", s.Data)
	cmd.Stdin = strings.NewReader(pin + "\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		s.t.Fatalf("people add: %v %s", err, out)
	}
}

// pin keys a PIN by keyboard.
func (p *tab) pin(pin string) {
	p.t.Helper()
	p.until(`visible('pin-dots')`)
	p.keys(strings.Split(pin, "")...)
	p.until(`text('pin-dots') === '●'.repeat(` + quoted(pin) + `.length)`)
}

// hidden checks that a secret stands nowhere: not in the page, its storage and console, not in what the page asked for, and in no file of the shop.
func (s *shop) hidden(p *tab, secret string) {
	s.t.Helper()
	places := map[string]string{
		"the page":        p.value(`document.documentElement.outerHTML + [...document.querySelectorAll('input')].map((e) => e.value).join('\n')`),
		"its storage":     p.value(`JSON.stringify({ ...localStorage, ...sessionStorage })`),
		"its console":     strings.Join(p.heard(), "\n"),
		"its old answers": p.value(`caches.keys().then((names) => names.join()) + JSON.stringify(performance.getEntries())`),
	}
	for place, text := range places {
		if strings.Contains(text, secret) {
			s.t.Errorf("the secret stands in %s", place)
		}
	}
	files := 0
	err := filepath.WalkDir(s.Data, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		if files++; bytes.Contains(text, []byte(secret)) {
			s.t.Errorf("the secret stands in %s", path)
		}
		return err
	})
	if err != nil || files < 5 {
		s.t.Errorf("%d files, %v", files, err)
	}
}
