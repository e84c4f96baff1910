//go:build linux

package crash

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/fxamacker/cbor/v2"

	"github.com/tillproof/tillproof/simulator/crash/draw"
)

const (
	// shutdown is XFS_IOC_GOINGDOWN and EXT4_IOC_SHUTDOWN, which are the same: the file system writes nothing from now on.
	shutdown = 0x8004587d
	// noFlush lets what only lies in memory be lost, the file system's own log too, as when the power goes.
	noFlush = 2
	// cutsPerSystem is how often the power fails on a file system before a new one is made, so that journals are cut at their beginning and late.
	cutsPerSystem = 5
	// longestWork is how long a journal works before the power fails.
	longestWork = 150 * time.Millisecond
)

// loop is a file system of its own in a file.
type loop struct{ image, dir string }

// makeLoop makes a file system: ext4 or xfs.
func makeLoop(t *testing.T, kind string) *loop {
	t.Helper()
	l := &loop{image: filepath.Join(scratch(t), kind), dir: t.TempDir()}
	size := map[string]int64{"ext4": 64 << 20, "xfs": 320 << 20}[kind]
	if err := os.WriteFile(l.image, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(l.image, size); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("mkfs."+kind, "-q", l.image).CombinedOutput(); err != nil {
		t.Fatalf("mkfs.%s (it needs root and the packages e2fsprogs and xfsprogs): %v: %s", kind, err, out)
	}
	t.Cleanup(func() { _ = exec.Command("umount", "-q", "-l", l.dir).Run() }) // after a failure in the middle
	return l
}

func (l *loop) mount() error {
	if out, err := exec.Command("mount", "-o", "loop", l.image, l.dir).CombinedOutput(); err != nil {
		return fmt.Errorf("mount: %w: %s", err, out)
	}
	return nil
}

func (l *loop) unmount() error {
	if out, err := exec.Command("umount", l.dir).CombinedOutput(); err != nil {
		return fmt.Errorf("umount: %w: %s", err, out)
	}
	return nil
}

// cutPower stops the file system as it is.
func (l *loop) cutPower() error {
	f, err := os.Open(l.dir)
	if err != nil {
		return err
	}
	defer f.Close()
	flag := uint32(noFlush)
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), shutdown, uintptr(unsafe.Pointer(&flag))); errno != 0 {
		return fmt.Errorf("shutdown of the file system: %w", errno)
	}
	return nil
}

// TestPowerCuts lets the power of real file systems fail while another process writes a journal on them: what that process has reported as
// durable is there when they are mounted again.
func TestPowerCuts(t *testing.T) {
	from, cuts := draw.Seed(t), draw.Count(t, "CUTS", 50, 1_500)
	promises, systems := 0, map[string]int{}
	for n := 0; n < cuts && !t.Failed(); n += cutsPerSystem {
		kind := []string{"ext4", "xfs"}[n/cutsPerSystem%2]
		l := makeLoop(t, kind)
		for i := n; i < min(cuts, n+cutsPerSystem) && !t.Failed(); i++ {
			told, err := l.cycle(from+uint64(i), time.Duration(2*(i-n))*era)
			if err != nil {
				t.Errorf("power cut %d, on %s: %v", i, kind, err)
			}
			promises += told
			systems[kind]++
		}
		_ = os.Remove(l.image)
	}
	t.Logf("power cuts %v, %d records were answered as durable", systems, promises)
}

// cycle mounts, works, cuts the power, mounts again and judges.
func (l *loop) cycle(seed uint64, ahead time.Duration) (told int, err error) {
	if err := l.mount(); err != nil {
		return 0, err
	}
	promised, told, err := l.workAndCut(seed, ahead)
	if err := errors.Join(err, l.unmount()); err != nil {
		return told, err
	}
	if err := l.mount(); err != nil {
		return told, err
	}
	err = survives(l.dir, promised, func() time.Duration { return ahead + era })
	return told, errors.Join(err, l.unmount())
}

// workAndCut returns the last promise of a process that writes a journal until the power fails, and how many there were.
func (l *loop) workAndCut(seed uint64, ahead time.Duration) (promised promise, told int, err error) {
	exe, err := os.Executable()
	if err != nil {
		return promised, 0, err
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), roleEnv+"=writer")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return promised, 0, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return promised, 0, err
	}
	if err := cmd.Start(); err != nil {
		return promised, 0, err
	}
	err = json.NewEncoder(in).Encode(task{Seed: seed, Dir: l.dir, Ahead: ahead})
	lines := make(chan string, 1<<16)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			lines <- s.Text()
		}
	}()
	dice := rand.New(rand.NewPCG(seed, 2))
	if dice.IntN(4) > 0 { // else the journal is cut while it is opened or made
		told += promised.hear(<-lines)
	}
	time.Sleep(time.Duration(dice.Int64N(int64(longestWork))))
	failed := l.cutPower()
	_ = cmd.Process.Kill()
	for line := range lines {
		told += promised.hear(line)
	}
	_ = cmd.Wait() // it was killed
	if failed != nil {
		err = failed
	}
	return promised, told, err
}

// hear takes in one line of what the writing process reports. It returns 0 for a line that was cut off by the kill.
func (p *promise) hear(line string) int {
	var more promise
	raw, err := hex.DecodeString(line)
	if err != nil || cbor.Unmarshal(raw, &more) != nil {
		return 0
	}
	p.join(more)
	return 1
}

// writeUntilTheEnd is the process that writes: it reports each answer on its standard output.
func writeUntilTheEnd() int {
	var t task
	if err := json.NewDecoder(os.Stdin).Decode(&t); err != nil {
		return 1
	}
	dice := rand.New(rand.NewPCG(t.Seed, 1))
	s, err := openShop(t.Dir, dice, t.Ahead, func(a answer) {
		var p promise
		if p.add(a); p.Head.Seq > 0 {
			raw, _ := cbor.Marshal(p)
			fmt.Println(hex.EncodeToString(raw))
		}
	})
	if err != nil {
		return 1
	}
	for n := 0; err == nil; n++ {
		err = s.step(n)
	}
	select {} // until it is killed: a dead till writes nothing more
}
