package detect

import (
	"bytes"
	"context"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tillproof/tillproof/drivers/serialport"
	"github.com/tillproof/tillproof/simulator/wire"
)

// witness is a device that keeps what it is sent.
type witness struct {
	*wire.PTY
	mu   sync.Mutex
	sent bytes.Buffer
	done chan struct{}
}

func newWitness(t *testing.T) *witness {
	t.Helper()
	far, err := wire.OpenPTY()
	if err != nil {
		t.Fatal(err)
	}
	w := &witness{PTY: far, done: make(chan struct{})}
	go func() {
		defer close(w.done)
		buf := make([]byte, 64)
		for {
			n, err := far.Read(buf)
			w.mu.Lock()
			w.sent.Write(buf[:n])
			w.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() { _ = far.Close(); <-w.done })
	return w
}

// got is what the device was sent until now. A pseudo-terminal passes bytes at once, so that what was written before has come.
func (w *witness) got() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.sent.String()
}

// echoing puts the system's own settings of a new port on: echo, lines, signals.
func echoing(t *testing.T, path string, on bool) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	termios, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	if termios.Lflag |= unix.ECHO | unix.ICANON | unix.ISIG | unix.ECHOE; !on {
		t.Fatal("only on")
	}
	if err := unix.IoctlSetTermios(int(f.Fd()), unix.TCSETS, termios); err != nil {
		t.Fatal(err)
	}
}

// isQuiet says whether the system's echo on a port is off.
func isQuiet(t *testing.T, path string) bool {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	termios, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return termios.Lflag&unix.ECHO == 0
}

// TestNoByteGoesToAPortThatWasNotNamed surveys two ports whose settings echo, as those of a new port do, while devices talk, and probes one of them: the other
// one never hears anything.
func TestNoByteGoesToAPortThatWasNotNamed(t *testing.T) {
	named, other := newWitness(t), newWitness(t)
	f := newTree(t)
	for i, w := range []*witness{named, other} {
		name := []string{"ttyUSB0", "ttyUSB1"}[i]
		f.usb(name, "0403", "6001", name)
		f.link("dev/"+name, w.Path())
		echoing(t, w.Path(), true)
	}
	talking := make(chan struct{})
	go func() {
		defer close(talking)
		for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
			if isQuiet(t, other.Path()) && isQuiet(t, named.Path()) {
				break
			}
		}
		for _, w := range []*witness{named, other} {
			_, _ = w.Write([]byte("]E04006381333931\r\n"))
		}
	}()
	ports, err := f.machine().Survey(t.Context(), 400*time.Millisecond)
	<-talking
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range ports {
		if p.Note != "" || len(p.Heard) == 0 || !strings.Contains(p.Heard[0].Guess, "text") {
			t.Errorf("%+v", p)
		}
	}
	if named.got()+other.got() != "" {
		t.Errorf("a survey sent %q and %q", named.got(), other.got())
	}
	ctx, stop := context.WithTimeout(t.Context(), time.Second)
	defer stop()
	_, _ = Probe(ctx, named.Path(), Probing{})
	if named.got() == "" {
		t.Error("a probe sent nothing to the port that was named")
	}
	if other.got() != "" {
		t.Errorf("a probe of another port sent %q", other.got())
	}
}

func TestListeningGivesThePortBack(t *testing.T) {
	w := newWitness(t)
	if heard, err := Listen(t.Context(), w.Path(), []int{9600}, 20*time.Millisecond); err != nil || heard != nil {
		t.Fatalf("%v, %v", heard, err)
	}
	if who := serialport.Holder(w.Path()); who != "" {
		t.Errorf("still held by %s", who)
	}
	release, err := serialport.Hold(w.Path())
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	if _, err := Listen(t.Context(), w.Path(), Rates(), 20*time.Millisecond); err == nil {
		t.Error("listened at a port that a till has open")
	}
}

func TestListeningEndsWithItsContext(t *testing.T) {
	w := newWitness(t)
	ctx, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer stop()
	begin := time.Now()
	if _, err := Listen(ctx, w.Path(), Rates(), time.Minute); err == nil || time.Since(begin) > 10*time.Second {
		t.Errorf("%v after %v", err, time.Since(begin))
	}
	if _, err := Listen(t.Context(), w.Path(), []int{12345}, time.Millisecond); err == nil {
		t.Error("a rate that no port has")
	}
	if _, err := Listen(t.Context(), "/dev/null", []int{9600}, time.Millisecond); err == nil {
		t.Error("/dev/null is no port")
	}
}

func TestWhatIsHeardIsJudged(t *testing.T) {
	parity := func(text string) []byte {
		b := []byte(text)
		for i, c := range b {
			ones := 0
			for bit := range 7 {
				ones += int(c >> bit & 1)
			}
			if ones%2 == 1 {
				b[i] |= 0x80
			}
		}
		return b
	}
	for _, c := range []struct {
		said  []byte
		guess string
		seven bool
	}{
		{[]byte("4006381333931\r"), "text (scanner?)", false},
		{parity("4006381333931\r"), "text (scanner?)", true},
		{[]byte{0x10, 0x02, 0x06, 0x0F}, "zvt", false},
		{[]byte{0xF8, 0x00, 0xE6}, "", false},
	} {
		if h := judge(9600, c.said); h.Guess != c.guess || h.Seven != c.seven || h.Bytes != len(c.said) {
			t.Errorf("%x: %+v", c.said, h)
		}
	}
}
