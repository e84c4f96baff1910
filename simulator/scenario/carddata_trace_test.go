//go:build linux

package scenario_test

import (
	"archive/zip"
	"bytes"
	"io"
	"os/exec"
	"path/filepath"
)

// traced switches the traces of devices on, sells, and looks for card data in what the traces tell and in a file for support that is made meanwhile. The
// till's memory is not searched then: a trace looks at frames as they come.
func (s *leakyShop) traced(devices []string, sell func()) {
	s.t.Helper()
	before := s.answersSoFar()
	for _, device := range devices {
		s.ask("POST", "/v1/devices/"+device+"/trace", `{"seconds":900}`)
	}
	sell()
	var found bytes.Buffer
	for _, device := range devices {
		trace := s.ask("GET", "/v1/devices/"+device+"/trace", "")
		if len(trace) < 500 || !bytes.Contains(trace, []byte(`"frame"`)) {
			s.t.Errorf("the trace of %s holds nothing: %s", device, trace)
		}
	}
	found.Write(s.answersSoFar()[len(before):])
	found.Write(s.dumped())
	for _, what := range foundIn(found.Bytes(), cardNeedles()) {
		s.t.Errorf("traces and dump: %s", what)
	}
}

func (s *leakyShop) answersSoFar() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return bytes.Clone(s.answers.Bytes())
}

// dumped is everything in a file for support of the running till.
func (s *leakyShop) dumped() (all []byte) {
	s.t.Helper()
	path := filepath.Join(s.t.TempDir(), "dump.zip")
	if out, err := exec.Command(exe, "dump", "-c", filepath.Join(s.dir, "till.yaml"), "--out", path).CombinedOutput(); err != nil {
		s.t.Fatalf("dump: %v\n%s", err, out)
	}
	z, err := zip.OpenReader(path)
	if err != nil {
		s.t.Fatal(err)
	}
	defer z.Close()
	for _, entry := range z.File {
		r, err := entry.Open()
		if err != nil {
			s.t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		_ = r.Close()
		if err != nil {
			s.t.Fatal(err)
		}
		all = append(all, text...)
	}
	if !bytes.Contains(all, []byte("till-1")) {
		s.t.Error("the file for support says nothing of the till")
	}
	return all
}
