package command

import (
	"bytes"
	"encoding/hex"
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
	got, code, err := decode(t, strings.NewReader("\uFEFF06\n\n  \n10 02 80 00 00 10 03 F5 1F\r\n06 0f 00"), "zvt")
	if err != nil || code != 0 || len(got) != 3 {
		t.Fatalf("%+v, %d, %v", got, code, err)
	}
	for i, name := range []string{"ack", "accepted", "completion"} {
		if got[i].Fields == nil {
			t.Errorf("object %d has no fields, not even an empty map", i)
		}
		if got[i].Name != name || !got[i].OK || got[i].Protocol != "zvt" {
			t.Errorf("object %d: %+v", i, got[i])
		}
	}
}

func TestDecodeSaysWhatIsWrong(t *testing.T) {
	for _, c := range []struct{ name, in, begins string }{
		{"no hex", "hello", "the line is not hex"},
		{"odd", "061", "truncated: the line has an odd number"},
		{"too long", strings.Repeat("06", maxDecodeLine), "the line is longer than 1048576"},
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

// TestDecodeRawStreams checks that a frame of raw bytes is there before the next byte is, and that what is cut anywhere comes out whole.
func TestDecodeRawStreams(t *testing.T) {
	inRead, inWrite := io.Pipe()
	outRead, outWrite := io.Pipe()
	c := decodeCommand()
	c.SetIn(inRead)
	c.SetOut(outWrite)
	c.SetArgs([]string{"zvt", "--in", "raw"})
	done := make(chan error, 1)
	go func() { done <- errors.Join(c.Execute(), outWrite.Close()) }()
	results := json.NewDecoder(outRead)
	for _, step := range []struct{ parts, name string }{
		{"\x80|\x00|\x00", "accepted"}, {"\x06|\x0F\x00", "completion"}, {"\x06|\x10\x02", "ack"}, {"\x80\x00\x00\x10|\x03\xF5\x1F", "accepted"}, {"\x15", ""},
	} {
		for part := range strings.SplitSeq(step.parts, "|") {
			if _, err := io.WriteString(inWrite, part); err != nil {
				t.Fatal(err)
			}
		}
		var d drivers.Decoded
		if step.name == "" {
			break // the last one comes with the end
		}
		if err := results.Decode(&d); err != nil || d.Name != step.name || !d.OK {
			t.Fatalf("%q: %+v, %v", step.parts, d, err)
		}
	}
	inWrite.Close()
	var last drivers.Decoded
	if err := results.Decode(&last); err != nil || last.Name != "nak" {
		t.Errorf("%+v, %v", last, err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestDecodeRawIsBounded reads more than any memory should hold: it comes out in parts, and every byte is accounted for.
func TestDecodeRawIsBounded(t *testing.T) {
	for _, protocol := range []string{"scan", "cpm", "zvt"} {
		zeros := io.LimitReader(zeros{}, 3*maxDecodeLine+1)
		if got, code, err := decode(t, zeros, protocol, "--in", "raw"); len(got) > 4 || protocol != "scan" && (len(got) == 0 || code != exitNot) {
			t.Errorf("%s: %d objects, %d, %v", protocol, len(got), code, err)
		}
	}
	if got, code, err := decode(t, strings.NewReader(""), "emvqr", "--in", "raw"); len(got) != 0 || code != 0 || err != nil {
		t.Errorf("nothing: %+v, %d, %v", got, code, err)
	}
}

// TestDecodeHidesCardsOfOtherProtocols decodes what is not of the protocol that was named: its decoder knows no card in it.
func TestDecodeHidesCardsOfOtherProtocols(t *testing.T) {
	const pan = "4111111111111111"
	for protocol := range decoders() {
		for _, in := range []string{"040f0b22f0f8" + pan, "22f0f8" + pan, "5a08" + pan, "7f" + hex.EncodeToString([]byte(";"+pan+"=9912201000?"))} {
			c := decodeCommand()
			var out bytes.Buffer
			c.SetIn(strings.NewReader(in))
			c.SetOut(&out)
			c.SetArgs([]string{protocol, "--in", "hex"})
			_ = c.Execute()
			if bad := strings.Contains(out.String(), pan) || strings.Contains(out.String(), hex.EncodeToString([]byte(pan))); bad && !strings.HasPrefix(out.String(), `{"ok":true`) {
				t.Errorf("%s shows a card: %s", protocol, &out)
			}
		}
	}
	const damaged = "3b0102303030313039303130303030303133343132333435363738" // no number in it is a card's
	if got, _, _ := decode(t, strings.NewReader(damaged), "emvqr", "--in", "hex"); len(got) != 1 || got[0].Frame != damaged {
		t.Errorf("too much is hidden: %+v", got)
	}
}

// zeros is a pipe that never ends.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

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
