package screens_test

import (
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"
)

var (
	update = flag.Bool("update", false, "write docs/till.png anew")
	shots  = flag.String("shots", "", "write a picture of every state that a test looks at to this folder")
)

// bench holds what all tests share: the program, built once, the browser, started once, and what was measured.
var bench struct {
	exe     string
	chrome  chrome
	figures figures
}

func TestMain(m *testing.M) {
	flag.Parse()
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// run plays the tests between building the program and closing the browser; nothing of ours may run afterwards.
func run(m *testing.M) (code int, err error) {
	dir, err := os.MkdirTemp("", "tillproof-screens-")
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	bench.exe = filepath.Join(dir, "tillproof")
	if out, err := build(bench.exe); err != nil {
		return 1, fmt.Errorf("%s: %w", out, err)
	}
	if err := bench.chrome.start(filepath.Join(dir, "profile")); err != nil {
		return 1, err
	}
	if err := abreast(); err != nil {
		return 1, err
	}
	code = m.Run()
	bench.chrome.stop()
	bench.figures.print(os.Stdout)
	http.DefaultClient.CloseIdleConnections()
	return code, goleak.Find()
}

// abreast lets four tests run at the same time, unless somebody asks otherwise: they mostly wait for people and devices.
func abreast() (err error) {
	chosen := false
	flag.Visit(func(f *flag.Flag) { chosen = chosen || f.Name == "test.parallel" })
	if !chosen {
		err = flag.Set("test.parallel", "4")
	}
	return err
}

// build makes the program as a shop would get it.
func build(to string) ([]byte, error) {
	cmd := exec.Command("go", "build", "-o", to, "github.com/tillproof/tillproof")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	return cmd.CombinedOutput()
}
