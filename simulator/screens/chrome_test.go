package screens_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"testing"

	"github.com/chromedp/chromedp"
)

const chromeName = "chromium-headless-shell"

// chrome is the one browser of all tests. Every test has a profile of its own in it.
type chrome struct {
	ctx  context.Context // nil when no browser is installed
	stop func()
}

// chromeProgram finds the browser itself: what Debian puts on the path is a script that stays its parent, and ending that would leave the browser.
func chromeProgram() (string, error) {
	program := "/usr/lib/chromium/" + chromeName
	if info, err := os.Stat(program); err == nil && info.Mode().IsRegular() {
		return program, nil
	}
	return exec.LookPath(chromeName)
}

// start starts the browser. It is no error that none is installed, except where all tests must run.
func (c *chrome) start(profile string) error {
	c.stop = func() {}
	program, err := chromeProgram()
	if errors.Is(err, exec.ErrNotFound) && os.Getenv("CI") == "" {
		return nil
	}
	if err != nil {
		return err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.UserDataDir(profile), chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("force-color-profile", "srgb"), chromedp.Flag("lang", "en-US"))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	quiet := func(string, ...any) {} // of events of newer browsers that the library does not know; calls return their errors
	ctx, cancel := chromedp.NewContext(allocator, chromedp.WithErrorf(quiet))
	c.ctx, c.stop = ctx, func() { cancel(); stop() }
	return chromedp.Run(ctx)
}

// need skips a test where there is no browser.
func (c *chrome) need(t *testing.T) context.Context {
	t.Helper()
	if c.ctx == nil {
		t.Skipf("%s is not installed", chromeName)
	}
	return c.ctx
}
