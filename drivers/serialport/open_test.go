//go:build linux || darwin

package serialport

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/gofrs/flock"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
)

func TestReopenUnderANewName(t *testing.T) {
	link := filepath.Join(t.TempDir(), "usb-terminal")
	for _, word := range []string{"first", "second"} {
		master, name := device(t)
		_ = os.Remove(link)
		if err := os.Symlink(name, link); err != nil {
			t.Fatal(err)
		}
		p := open(t, link, line8N2())
		if p.Device() != name {
			t.Errorf("opened %s, want %s", p.Device(), name)
		}
		if _, err := master.WriteString(word); err != nil {
			t.Fatal(err)
		}
		got := make([]byte, len(word))
		if _, err := io.ReadFull(p, got); err != nil || string(got) != word {
			t.Errorf("read %q, %v", got, err)
		}
		_ = master.Close()
		_ = p.Close()
	}
}

func TestDoubleOpenIsRefused(t *testing.T) {
	_, name := device(t)
	link := filepath.Join(t.TempDir(), "other-name")
	if err := os.Symlink(name, link); err != nil {
		t.Fatal(err)
	}
	p := open(t, name, line8N2())
	_, err := Open(link, line8N2())
	var e *pos.Error
	if !errors.As(err, &e) || e.Code != "device_unavailable" || e.Retry != pos.Transient || e.Money != pos.NoneMoved {
		t.Fatalf("second Open: %v", err)
	}
	if !strings.Contains(e.Text, filepath.Base(os.Args[0])) || e.Next == "" {
		t.Errorf("the error does not say who holds the port: %q", e.Text)
	}
	_ = p.Close()
	open(t, link, line8N2())
}

func TestParityErrorSticks(t *testing.T) {
	master, name := device(t)
	p := open(t, name, line7E1())
	if _, err := master.Write([]byte{'a', 'b', 0, 'c'}); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(p)
	if string(got) != "ab" || !errors.Is(err, ErrParity) {
		t.Errorf("read %q, %v", got, err)
	}
	if s := p.Stats(); s.Dropped != 2 {
		t.Errorf("stats %+v", s)
	}
}

func TestZeroIsDataWithoutParity(t *testing.T) {
	master, name := device(t)
	p := open(t, name, line8N2())
	if _, err := master.Write([]byte{0}); err != nil {
		t.Fatal(err)
	}
	if n, err := p.Read(make([]byte, 4)); n != 1 || err != nil {
		t.Errorf("read %d, %v", n, err)
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, name := device(t)
	for _, c := range []struct {
		path  string
		line  drivers.Line
		retry pos.Retry
		text  string
	}{
		{filepath.Join(t.TempDir(), "none"), line8N2(), pos.Transient, "no serial device"},
		{file, line8N2(), pos.Transient, "not a serial device"},
		{name, drivers.Line{}, pos.Permanent, "no serial line has 0 baud"},
		{name, drivers.Line{Baud: 9600, DataBits: 8, Parity: "mark", StopBits: 1}, pos.Permanent, "parity \"mark\""},
		{name, drivers.Line{Baud: 9600, DataBits: 8, Parity: drivers.OddParity, StopBits: 3}, pos.Permanent, "3 stop bits"},
	} {
		_, err := Open(c.path, c.line)
		var e *pos.Error
		if !errors.As(err, &e) || e.Code != codeUnavailable || e.Retry != c.retry || e.Money != pos.NoneMoved || e.Next == "" ||
			!strings.Contains(e.Text, c.text) {
			t.Errorf("Open(%s, %+v): %v", c.path, c.line, err)
		}
	}
}

func TestManyOpenFilesFailCleanly(t *testing.T) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil || limit.Cur < 1200 {
		t.Skipf("needs 1,200 open files, this user may have %d", limit.Cur)
	}
	_, name := device(t)
	for range 1100 {
		f, err := os.Open(os.DevNull)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
	}
	p, err := Open(name, line8N2())
	if err != nil {
		return // refusing is clean too
	}
	defer p.Close()
	if _, err := p.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("Read: %v", err)
	}
}

func TestALockThatLostItsNameKeepsNobodyOut(t *testing.T) {
	device := t.TempDir() + "/device"
	first, err := acquire(device)
	if err != nil {
		t.Fatal(err)
	}
	stale := flock.New(lockPath(device)) // opened before the holder lets go, locked after
	if locked, err := stale.TryLock(); err != nil || locked {
		t.Fatalf("locked twice: %v, %v", locked, err)
	}
	first.release()
	if _, err := os.Stat(lockPath(device)); !os.IsNotExist(err) {
		t.Errorf("the file was left behind: %v", err)
	}
	second, err := acquire(device)
	if err != nil {
		t.Fatal(err)
	}
	defer second.release()
	if err := stale.Unlock(); err != nil {
		t.Fatal(err)
	}
	if _, err := acquire(device); err == nil {
		t.Error("two hold one device")
	}
}
