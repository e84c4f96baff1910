package scenario

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"time"
)

// The limits of a process's life.
const (
	startLimit = 30 * time.Second
	stopLimit  = 30 * time.Second
	probeEvery = 10 * time.Millisecond
)

// process is a child that can be killed and started again. Its methods are safe for concurrent use.
type process struct {
	name  string
	exe   string
	args  []string
	log   string // file that gets its output
	ready func(ctx context.Context) error

	mu     sync.Mutex
	cmd    *exec.Cmd
	exited chan struct{} // closed when the child has ended
	kills  int
}

// start starts the child and waits until it is ready.
func (p *process) start(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	out, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer out.Close()
	cmd := exec.Command(p.exe, p.args...)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = childAttributes()
	exited, err := launch(cmd)
	if err != nil {
		return err
	}
	p.cmd, p.exited = cmd, exited
	return p.await(ctx, exited)
}

// launch starts a child and returns a channel that is closed when it has ended. The thread that starts it lives as long: on Linux the kernel ends
// the child together with that thread, so that no child outlives a demo that was killed.
func launch(cmd *exec.Cmd) (exited chan struct{}, err error) {
	exited = make(chan struct{})
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(exited)
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // how it ended stands in its log
		}
	}()
	return exited, <-started
}

// await probes until the child is ready.
func (p *process) await(ctx context.Context, exited <-chan struct{}) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	for {
		err := p.ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-exited:
			return fmt.Errorf("%s has ended instead of starting, see %s", p.name, p.log)
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready, see %s: %w", p.name, p.log, err)
		case <-time.After(probeEvery):
		}
	}
}

// kill ends the child with SIGKILL and waits until it is gone. It returns false when there was none to kill.
func (p *process) kill() bool {
	p.mu.Lock()
	cmd, exited := p.cmd, p.exited
	select {
	case <-exited:
		p.mu.Unlock()
		return false
	default:
	}
	p.kills++
	p.mu.Unlock()
	_ = cmd.Process.Kill() // it may die by itself just now
	<-exited
	return true
}

// gone is closed when the present child has ended.
func (p *process) gone() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.exited
}

func (p *process) killed() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.kills
}

// stop asks the child to end and waits for that.
func (p *process) stop() error {
	p.mu.Lock()
	cmd, exited := p.cmd, p.exited
	p.mu.Unlock()
	if cmd == nil {
		return nil
	}
	if err := interrupt(cmd.Process); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-exited:
		return nil
	case <-time.After(stopLimit):
		_ = cmd.Process.Kill()
		<-exited
		return fmt.Errorf("%s did not end when asked to, see %s", p.name, p.log)
	}
}
