package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tillproof/tillproof/agent/api"
	"github.com/tillproof/tillproof/drivers"
)

// traceLook is how often a trace is read while it runs.
const traceLook = 300 * time.Millisecond

// trace switches the trace of a device on, prints what comes, and ends with it or with an interrupt, which switches it off.
func (f *deviceFlags) trace(c *cobra.Command, args []string) error {
	if f.seconds < 1 || f.seconds > 900 {
		return exit(exitUsage, errors.New("--seconds is between 1 and 900: a trace ends by itself"))
	}
	till, err := f.open()
	if err != nil {
		return err
	}
	ctx, stop := untilSignal(c.Context())
	defer stop()
	path := devicePath(args[0], "trace")
	var state api.DeviceTrace
	if err := till.ask(ctx, http.MethodPost, path, map[string]int{"seconds": f.seconds}, &state); err != nil {
		return err
	}
	fmt.Fprintf(c.ErrOrStderr(), "Tracing %s until %s; an interrupt ends it.\n", state.Device, state.EndsAt)
	err = f.follow(ctx, c.OutOrStdout(), till, path, &state)
	if ctx.Err() != nil { // interrupted: nobody looks any more
		return till.ask(context.WithoutCancel(contextOf(c)), http.MethodPost, path, map[string]int{"seconds": 0}, &state)
	}
	return err
}

// follow prints the lines of a trace until it has ended and all are printed.
func (f *deviceFlags) follow(ctx context.Context, w io.Writer, till *tillAPI, path string, state *api.DeviceTrace) error {
	var last uint64
	for {
		for _, line := range state.Items {
			last = line.N
			if err := f.printTrace(w, &line); err != nil {
				return err
			}
		}
		if state.Gone > 0 {
			fmt.Fprintf(w, "... %d lines were lost: the wire was faster than this\n", state.Gone)
		}
		if !state.On && len(state.Items) == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(traceLook):
		}
		*state = api.DeviceTrace{}
		if err := till.ask(ctx, http.MethodGet, path+"?after="+strconv.FormatUint(last, 10), nil, state); err != nil {
			return err
		}
	}
}

func (f *deviceFlags) printTrace(w io.Writer, line *api.TraceLine) error {
	if f.json {
		return writeJSON(w, line)
	}
	_, err := fmt.Fprintln(w, traceText(line))
	return err
}

// traceText is a line for people: > is sent by the till, < by the device.
func traceText(line *api.TraceLine) string {
	at, mark := line.At, "<"
	if t, err := time.Parse(time.RFC3339, line.At); err == nil {
		at = t.Local().Format("15:04:05.000")
	}
	if line.Decoded == nil {
		return at + " - " + line.Note
	}
	if line.From == drivers.FromECR {
		mark = ">"
	}
	d := line.Decoded
	words := []string{at, mark}
	if d.Name != "" {
		words = append(words, d.Name)
	}
	for _, name := range slices.Sorted(maps.Keys(d.Fields)) {
		words = append(words, fmt.Sprintf("%s=%v", name, d.Fields[name]))
	}
	if d.Error != "" {
		words = append(words, "("+d.Error+")")
	}
	return strings.Join(append(words, "["+d.Frame+"]"), " ")
}
