//go:build linux

package kills

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/tillproof/tillproof/simulator/scenario"
	"github.com/tillproof/tillproof/simulator/zvtsim"
)

// weapon kills the till in the middle of something. What it returns disarms it.
type weapon struct {
	name string
	arm  func(d *scenario.Demo) (disarm func(), err error)
}

// atCall kills at the start of the k-th call of a thread to one of the disk's system calls: nothing of that call is done.
func atCall(call string, k int) weapon {
	return weapon{name: call, arm: func(d *scenario.Demo) (func(), error) {
		pid, err := d.AgentPID()
		if err != nil {
			return nil, err
		}
		cmd := exec.Command("strace", "-f", "-o", "/dev/null", "-e", "trace="+call, "-e", fmt.Sprintf("inject=%s:signal=SIGKILL:when=%d", call, k), "-p", strconv.Itoa(pid))
		told, err := cmd.StderrPipe()
		if err != nil {
			return nil, err
		}
		if err := cmd.Start(); err != nil {
			return nil, fmt.Errorf("strace (it needs root and the package strace): %w", err)
		}
		lines := bufio.NewScanner(told)
		for lines.Scan() && !strings.Contains(lines.Text(), "attached") {
		}
		go func() {
			for lines.Scan() { // new threads
			}
		}()
		return func() {
			_ = cmd.Process.Signal(interrupt)
			_ = cmd.Wait()
		}, nil
	}}
}

// atMoment kills when the card terminal comes to its n-th moment from now: a byte, a message, or what it does with the money.
func atMoment(n int) weapon {
	return weapon{name: "terminal", arm: func(d *scenario.Demo) (func(), error) {
		var seen atomic.Int64
		d.Terminal().Observe(func(zvtsim.Event) {
			if seen.Add(1) == int64(n) {
				d.KillAgent()
			}
		})
		return func() { d.Terminal().Observe(nil) }, nil
	}}
}

// afterTime kills a while from now.
func afterTime(wait time.Duration) weapon {
	return weapon{name: "clock", arm: func(d *scenario.Demo) (func(), error) {
		timer := time.AfterFunc(wait, func() { d.KillAgent() })
		return func() { timer.Stop() }, nil
	}}
}

// atTerminal says whether the card terminal takes part.
func atTerminal(what string) bool { return strings.HasPrefix(what, "card") || what == "settlement" }

// choose takes a weapon that fits what is done.
func choose(dice *rand.Rand, what string) weapon {
	if what == "segment" {
		return atCall([]string{"fsync", "renameat", "pwrite64", "fdatasync", "unlinkat"}[dice.IntN(5)], []int{1, 1, 40, 30}[dice.IntN(4)])
	}
	switch n := dice.IntN(10); {
	case n < 5 && atTerminal(what):
		return atMoment(1 + dice.IntN(70))
	case n < 8:
		return atCall("fdatasync", 1+dice.IntN(3))
	case n < 9:
		return atCall("pwrite64", 1+dice.IntN(6))
	}
	return afterTime(time.Duration(dice.IntN(20_000)) * time.Microsecond)
}
