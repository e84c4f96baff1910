package disk

import (
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// childEnv tells a program that it was started as a disk.
const childEnv = "TILLPROOF_SIMULATED_DISK"

// Disk is a mounted disk. Its methods are safe for concurrent use.
type Disk struct {
	mu      sync.Mutex
	cmd     *exec.Cmd
	orders  io.WriteCloser
	encoder *gob.Encoder
	decoder *gob.Decoder
}

// order is what the disk's process is asked for, answer what it says.
type order struct {
	Do    string // begin, mark or log
	Fault *Fault
	Text  string
}

type answer struct {
	Err string
	Ops []Op
}

type folders struct{ Back, Mount string }

// Start mounts the folder back at mount. Both must exist. The program's main function, or TestMain, must have called [Serve]. The
// caller closes the disk.
func Start(back, mount string) (*Disk, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	where, err := json.Marshal(folders{back, mount})
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(exe)
	cmd.Env, cmd.Stderr = append(os.Environ(), childEnv+"="+string(where)), os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // an interrupt at the keyboard is for its owner, who closes it
	orders, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	answers, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	d := &Disk{cmd: cmd, orders: orders, encoder: gob.NewEncoder(orders), decoder: gob.NewDecoder(answers)}
	if err := d.Begin(nil); err != nil {
		return nil, errors.Join(fmt.Errorf("the disk was not mounted at %s (it needs root and /dev/fuse): %w", mount, err), d.Close())
	}
	return d, nil
}

func (d *Disk) ask(o order) (answer, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var a answer
	if err := d.encoder.Encode(o); err != nil {
		return a, err
	}
	if err := d.decoder.Decode(&a); err != nil {
		return a, fmt.Errorf("the disk's process has ended: %w", err)
	}
	if a.Err != "" {
		return a, errors.New(a.Err)
	}
	return a, nil
}

// Begin forgets what was noted, counts operations from 0 again and arms a fault, nil for none.
func (d *Disk) Begin(f *Fault) error {
	_, err := d.ask(order{Do: "begin", Fault: f})
	return err
}

// Mark puts a note into the log: what was noted before it had reached the disk by now.
func (d *Disk) Mark(text string) error {
	_, err := d.ask(order{Do: "mark", Text: text})
	return err
}

// Log is all that was done since [Disk.Begin].
func (d *Disk) Log() ([]Op, error) {
	a, err := d.ask(order{Do: "log"})
	return a.Ops, err
}

// Close unmounts the disk and ends its process. Files that are still open there fail from now on.
func (d *Disk) Close() error { return errors.Join(d.orders.Close(), d.cmd.Wait()) }

// Serve turns the program into a disk and never returns when [Start] has started it as one; else it does nothing.
func Serve() {
	where := os.Getenv(childEnv)
	if where == "" {
		return
	}
	if err := serve(where, os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "disk:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func serve(where string, orders io.Reader, answers io.Writer) error {
	var at folders
	if err := json.Unmarshal([]byte(where), &at); err != nil {
		return err
	}
	r := &recorder{numbers: map[uint64]int{}}
	tree, err := newTree(at.Back, r)
	if err != nil {
		return err
	}
	server, err := fs.Mount(at.Mount, tree, &fs.Options{MountOptions: fuse.MountOptions{DirectMountStrict: true, FsName: "tillproof-disk", Name: "tillproof",
		MaxWrite: 1 << 20, DisableXAttrs: true}})
	if err != nil {
		return err
	}
	err = obey(r, gob.NewDecoder(orders), gob.NewEncoder(answers))
	if busy := server.Unmount(); busy != nil {
		err = errors.Join(err, syscall.Unmount(at.Mount, syscall.MNT_DETACH))
	}
	return err
}

// obey answers orders until there are no more.
func obey(r *recorder, orders *gob.Decoder, answers *gob.Encoder) error {
	for {
		var o order
		if err := orders.Decode(&o); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		var a answer
		switch o.Do {
		case "begin":
			r.begin(o.Fault)
		case "mark":
			r.mark(o.Text)
		case "log":
			a.Ops = r.log()
		}
		if err := answers.Encode(a); err != nil {
			return err
		}
	}
}
