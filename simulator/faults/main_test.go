//go:build linux

package faults

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"syscall"
	"testing"

	"go.uber.org/goleak"

	"github.com/tillproof/tillproof/sync/platform"
)

// roleEnv tells the test program that it was started as a platform: its value is the path of platform.yaml.
const roleEnv = "TILLPROOF_FAULTS_PLATFORM"

// beside is the number of cases that run at the same time: most of them wait for time-outs.
const beside = 12

func TestMain(m *testing.M) {
	if path := os.Getenv(roleEnv); path != "" {
		os.Exit(servePlatform(path))
	}
	if inside() {
		if out, err := exec.Command("ip", "link", "set", "lo", "up").CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "%s\n%v\n", out, err)
			os.Exit(1)
		}
	}
	flag.Parse()
	if err := flag.Set("test.parallel", strconv.Itoa(beside)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m)
}

// servePlatform is a platform of its own process, until SIGTERM or a kill. It says on the standard output when it is ready.
func servePlatform(path string) int {
	config, err := platform.LoadConfig(path)
	if err == nil {
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
		defer stop()
		err = platform.Serve(ctx, config, platform.Options{Scale: quick, Ready: func(string) { fmt.Println("ready") }})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// rounds multiplies the counts of every case; tools/soak raises it.
func rounds() int {
	if n, err := strconv.Atoi(os.Getenv("FAULT_ROUNDS")); err == nil && n > 0 {
		return n
	}
	return 1
}
