package command

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/drivers"
)

// decode runs the command and returns its objects and exit code.
func decode(t *testing.T, in io.Reader, args ...string) ([]drivers.Decoded, int, error) {
	t.Helper()
	c := decodeCommand()
	var out bytes.Buffer
	c.SetIn(in)
	c.SetOut(&out)
	c.SetErr(io.Discard)
	c.SetArgs(args)
	err := c.Execute()
	var e *exitError
	if err != nil && !errors.As(err, &e) {
		t.Fatalf("%v carries no exit code", err)
	}
	code := 0
	if e != nil {
		code = e.code
	}
	return objects(t, out.String()), code, err
}

func objects(t *testing.T, out string) []drivers.Decoded {
	t.Helper()
	var all []drivers.Decoded
	for line := range strings.Lines(out) {
		var d drivers.Decoded
		if err := json.Unmarshal([]byte(line), &d); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		all = append(all, d)
	}
	return all
}

func TestDecodeLines(t *testing.T) {
	got, code, err := decode(t, strings.NewReader("06\n\n  \n10 02 80 00 00 10 03 F5 1F\r\n06 0f 00"), "zvt")
	if err != nil || code != 0 || len(got) != 3 {
		t.Fatalf("%+v, %d, %v", got, code, err)
	}
	for i, name := range []string{"ack", "accepted", "completion"} {
		if got[i].Name != name || !got[i].OK || got[i].Protocol != "zvt" {
			t.Errorf("object %d: %+v", i, got[i])
		}
	}
}

func TestDecodeSaysWhatIsWrong(t *testing.T) {
	for _, c := range []struct{ name, in, begins string }{
		{"no hex", "hello", "the line is not hex"},
		{"odd", "061", "the line is not hex"},
		{"truncated", "10 02 80 00", "truncated"},
		{"CRC", "10 02 80 00 00 10 03 F5 1E", "wrong CRC"},
	} {
		got, code, _ := decode(t, strings.NewReader(c.in+"\n15\n"), "zvt")
		if code != exitNot || len(got) != 2 {
			t.Errorf("%s: %+v, %d", c.name, got, code)
			continue
		}
		if got[0].OK || !strings.HasPrefix(got[0].Error, c.begins) || got[1].Name != "nak" {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

func TestDecodeRawAndText(t *testing.T) {
	for _, in := range []string{"raw", "text"} {
		got, code, err := decode(t, strings.NewReader("\x80\x00\x00"), "zvt", "--in", in)
		if err != nil || code != 0 || len(got) != 1 || got[0].Name != "accepted" {
			t.Errorf("--in %s: %+v, %d, %v", in, got, code, err)
		}
	}
}

func TestDecodeFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "trace.txt")
	if err := os.WriteFile(path, []byte("80 00 00\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, code, err := decode(t, strings.NewReader("15"), "zvt", path, path); err != nil || code != 0 || len(got) != 2 {
		t.Errorf("%+v, %d, %v", got, code, err)
	}
	if _, code, err := decode(t, nil, "zvt", path+".missing"); code != exitUsage || err.Error() == "" {
		t.Errorf("missing file: %d, %v", code, err)
	}
}

func TestDecodeUsage(t *testing.T) {
	for _, args := range [][]string{{}, {"nonsense"}, {"zvt", "--in", "morse"}} {
		if _, code, err := decode(t, strings.NewReader(""), args...); code != exitUsage || err.Error() == "" {
			t.Errorf("%q: %d, %v", args, code, err)
		}
	}
	_, _, err := decode(t, strings.NewReader(""), "nonsense")
	if !strings.Contains(err.Error(), "zvt") {
		t.Errorf("%v does not list the protocols", err)
	}
}

// TestDecodeStreams checks that the object of a line is there before the next line is.
func TestDecodeStreams(t *testing.T) {
	inRead, inWrite := io.Pipe()
	outRead, outWrite := io.Pipe()
	c := decodeCommand()
	c.SetIn(inRead)
	c.SetOut(outWrite)
	c.SetArgs([]string{"zvt"})
	done := make(chan error, 1)
	go func() { done <- c.Execute() }()
	results := json.NewDecoder(outRead)
	for range 2 {
		if _, err := io.WriteString(inWrite, "80 00 00\n"); err != nil {
			t.Fatal(err)
		}
		var d drivers.Decoded
		if err := results.Decode(&d); err != nil || d.Name != "accepted" {
			t.Fatalf("%+v, %v", d, err)
		}
	}
	inWrite.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestDecodeReportsReadAndWriteFaults(t *testing.T) {
	fault := errors.New("fault")
	for _, in := range []string{"hex", "raw"} {
		if _, code, _ := decode(t, io.MultiReader(strings.NewReader("80"), faulty{fault}), "zvt", "--in", in); code != exitAway {
			t.Errorf("--in %s: exit %d", in, code)
		}
	}
	c := decodeCommand()
	c.SetIn(strings.NewReader("800000"))
	c.SetOut(faulty{fault})
	c.SetArgs([]string{"zvt"})
	if err := c.Execute(); !errors.Is(err, fault) {
		t.Errorf("write: %v", err)
	}
}

// faulty is a pipe that always fails.
type faulty struct{ err error }

func (f faulty) Read([]byte) (int, error)  { return 0, f.err }
func (f faulty) Write([]byte) (int, error) { return 0, f.err }
