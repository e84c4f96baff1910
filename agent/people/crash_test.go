//go:build unix

package people

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tillproof/tillproof/pos"
)

// childPlace names the list that a child process is to work on; without it a test binary is no child.
const childPlace = "PEOPLE_TEST_CHILD"

// TestMain lets the test binary be the process that is killed.
func TestMain(m *testing.M) {
	if path := os.Getenv(childPlace); path != "" {
		guess(path)
		return
	}
	os.Exit(m.Run())
}

// guess tries wrong PINs of ids that are not locked yet and tells each answer, until it is killed.
func guess(path string) {
	p, err := Open(path)
	if err != nil {
		panic(err)
	}
	for n := 0; ; n++ {
		_, err := p.Verify(pos.PersonID(fmt.Sprintf("p%d", n%maxCrowd)), "0001", Cashier)
		fmt.Println(codeOf(err))
	}
}

const maxCrowd = 40 // so many that nobody is locked before the kill

// crowd is a list with many people.
func crowd(t *testing.T) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "people.json")
	p := openAt(t, path, nil)
	for i := range maxCrowd {
		if err := p.Add(Person{pos.PersonID(fmt.Sprintf("p%d", i)), "P", Cashier}, "8305"); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// startChild starts a process that guesses at a list.
func startChild(t *testing.T, list []byte) (path string, child *exec.Cmd, answers *bufio.Scanner) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "people.json")
	if err := os.WriteFile(path, list, 0o600); err != nil {
		t.Fatal(err)
	}
	child = exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childPlace+"="+path)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	return path, child, bufio.NewScanner(out)
}

// A process that is killed at any moment leaves a whole list, in which every answer that it gave is counted, and one more at most: the try under way.
func TestKilledBetweenTryAndAnswer(t *testing.T) {
	list := crowd(t)
	for kill := range 25 {
		path, child, answers := startChild(t, list)
		answers.Scan()
		given := 1
		timer := time.AfterFunc(time.Duration(kill)*700*time.Microsecond, func() { _ = child.Process.Kill() })
		for answers.Scan() {
			if answers.Text() == "pin_wrong" {
				given++
			}
		}
		timer.Stop()
		_ = child.Wait()
		counted := 0
		p := openAt(t, path, nil)
		standings, err := p.Standings()
		if err != nil {
			t.Fatalf("kill %d: %v", kill, err)
		}
		for _, s := range standings {
			counted += s.WrongTries
		}
		if counted < given || counted > given+1 {
			t.Errorf("kill %d: %d answers, %d counted", kill, given, counted)
		}
		if _, err := p.Verify("p39", "8305", Cashier); err != nil { // the lock has died with its holder
			t.Error(err)
		}
	}
}

// A till whose disk takes no more writes checks no PIN, neither a wrong one nor the right one: a try that cannot be counted would be free.
func TestAFullDiskChecksNoPIN(t *testing.T) {
	p, path := newShop(t, nil)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	full(t)
	for _, pin := range []string{"0001", "8305"} {
		_, err := p.Verify("ada", pin, Cashier)
		if e := wants(t, err, "disk_failed"); e.Retry != pos.Transient {
			t.Error("not transient")
		}
	}
	if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
		t.Error("the list was changed", err)
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(path), ".new-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// full lets no file of this process grow until the test ends.
func full(t *testing.T) {
	t.Helper()
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
		t.Fatal(err)
	}
	none := before
	none.Cur = 0
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &none); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
			t.Fatal(err)
		}
	})
}

// A lock that somebody holds and does not give back ends in words, not in a till that hangs.
func TestAStuckLock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, path := newShop(t, nil)
		unlock, err := openAt(t, path, nil).lock()
		if err != nil {
			t.Fatal(err)
		}
		defer unlock()
		start := time.Now()
		_, err = p.Verify("ada", "8305", Cashier)
		wants(t, err, "disk_failed")
		if waited := time.Since(start); waited != lockWait {
			t.Errorf("waited %v", waited)
		}
	})
}
