//go:build linux

package command

import (
	"bufio"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"

	"github.com/tillproof/tillproof/agent/people"
)

// typing runs the command line on a terminal on which each prompt is answered by a line, and returns what stood on it.
func typing(t *testing.T, lines []string, args ...string) (code int, screen string) {
	t.Helper()
	keyboard, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer keyboard.Close()
	said, stderr := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		ended <- Main(args, tty, tty, stderr)
		stderr.Close()
	}()
	prompts := bufio.NewReader(said)
	for _, line := range lines {
		if prompt, err := prompts.ReadString(':'); err != nil || !strings.Contains(prompt, "PIN") && !strings.Contains(prompt, "again") {
			t.Fatalf("%q, %v", prompt, err)
		}
		awaitNoEcho(t, tty)
		if _, err := io.WriteString(keyboard, line+"\n"); err != nil {
			t.Fatal(err)
		}
	}
	rest, err := io.ReadAll(prompts)
	if err != nil {
		t.Fatal(err)
	}
	code = <-ended
	tty.Close()
	shown, _ := io.ReadAll(keyboard) // ends with an error when the other side has gone
	return code, string(rest) + string(shown)
}

// awaitNoEcho waits for the moment behind the prompt: nobody types as fast as a test does.
func awaitNoEcho(t *testing.T, tty *os.File) {
	t.Helper()
	for {
		state, err := unix.IoctlGetTermios(int(tty.Fd()), unix.TCGETS)
		if err != nil {
			t.Fatal(err)
		}
		if state.Lflag&unix.ECHO == 0 {
			return
		}
		runtime.Gosched()
	}
}

func TestThePINIsTypedWithoutEcho(t *testing.T) {
	dir := t.TempDir()
	add := []string{"people", "add", "ada", "--name", "Ada", "--role", "cashier", "--data", dir}
	code, screen := typing(t, []string{"8305", "8306"}, add...)
	if code != exitUsage || !strings.Contains(screen, "the two PINs differ") {
		t.Errorf("exit %d: %s", code, screen)
	}
	code, screen = typing(t, []string{"8305", "8305"}, add...)
	if code != exitDone || !strings.Contains(screen, "ada is set up") || strings.Contains(screen, "8305") {
		t.Errorf("exit %d: %s", code, screen)
	}
	p, err := people.Open(filepath.Join(dir, "people.json"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Verify("ada", "8305", people.Cashier); err != nil {
		t.Error(err)
	}
}

func TestAPINLineEnds(t *testing.T) {
	for in, want := range map[string]string{"8305\n": "8305", "8305": "8305", "8305\r\n": "8305", "8305\n7777\n": "8305", "": "",
		strings.Repeat("8", 4000): strings.Repeat("8", maxPINLine)} {
		if got, err := pinLine(strings.NewReader(in)); got != want || err != nil {
			t.Errorf("%.20q: %.20q, %v", in, got, err)
		}
	}
	closed, _, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	if _, err := pinLine(closed); err == nil {
		t.Error("a closed input is a PIN")
	}
}
