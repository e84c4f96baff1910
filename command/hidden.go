package command

import (
	"errors"
	"os"
	"os/signal"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// hiddenLine asks for a line on the terminal without showing what is typed. Ctrl-C gives the terminal its echo back before it ends the program.
func hiddenLine(c *cobra.Command, prompt string) (string, error) {
	in, isFile := c.InOrStdin().(*os.File)
	if !isFile || !term.IsTerminal(int(in.Fd())) {
		return "", errors.New("the PIN is asked for on a terminal, and this is none: use --pin-stdin and write it to stdin")
	}
	before, err := term.GetState(int(in.Fd()))
	if err != nil {
		return "", err
	}
	defer onInterrupt(func() {
		_ = term.Restore(int(in.Fd()), before)
		os.Exit(exitUsage)
	})()
	c.PrintErr(prompt)
	line, err := term.ReadPassword(int(in.Fd()))
	c.PrintErrln()
	return string(line), err
}

// onInterrupt runs act when the program is interrupted, until stop is called.
func onInterrupt(act func()) (stop func()) {
	interrupts, done := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(interrupts, os.Interrupt)
	go func() {
		select {
		case <-interrupts:
			act()
		case <-done:
		}
	}()
	return func() {
		signal.Stop(interrupts)
		close(done)
	}
}
