package command

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/tillproof/tillproof/agent"
	"github.com/tillproof/tillproof/agent/api"
	"github.com/tillproof/tillproof/drivers"
)

// deviceFlags are what the commands on a till's devices have in common.
type deviceFlags struct {
	config  string
	json    bool
	seconds int
}

func deviceCommand() *cobra.Command {
	f := &deviceFlags{}
	group := &cobra.Command{Use: "device", Short: "Look after the devices of a running till"}
	group.PersistentFlags().StringVarP(&f.config, "config", "c", "till.yaml", "configuration of the till")
	group.PersistentFlags().BoolVar(&f.json, "json", false, "print JSON")
	trace := &cobra.Command{Use: "trace NAME", Short: "Show what goes over a device's wire, in words and with card data masked", Args: cobra.ExactArgs(1), RunE: f.trace}
	trace.Flags().IntVar(&f.seconds, "seconds", 60, "how long, 1 to 900")
	group.AddCommand(trace,
		&cobra.Command{Use: "list", Short: "List devices: state, and what each cannot do", Args: cobra.NoArgs, RunE: f.list},
		&cobra.Command{Use: "totals NAME", Short: "Ask a card terminal for its totals without closing its day, beside the journal's", Args: cobra.ExactArgs(1), RunE: f.totals},
		&cobra.Command{Use: "reprint NAME", Short: "Have a card terminal give its last receipt again", Args: cobra.ExactArgs(1), RunE: f.reprint},
		&cobra.Command{Use: "service NAME CHORE", Short: "Have a card terminal do a technician's chore; `device list` names its chores", Args: cobra.ExactArgs(2), RunE: f.service})
	return group
}

func (f *deviceFlags) open() (*tillAPI, error) {
	config, err := agent.LoadConfig(f.config)
	if err != nil {
		return nil, err
	}
	return openTillAPI(config)
}

// ask opens the way to the till and asks it one thing.
func (f *deviceFlags) ask(c *cobra.Command, method, path string, body, out any) error {
	t, err := f.open()
	if err != nil {
		return err
	}
	ctx, stop := untilSignal(c.Context())
	defer stop()
	return t.ask(ctx, method, path, body, out)
}

func devicePath(name, what string) string { return "/v1/devices/" + url.PathEscape(name) + "/" + what }

func (f *deviceFlags) list(c *cobra.Command, _ []string) error {
	var status api.Status
	if err := f.ask(c, http.MethodGet, "/v1/status", nil, &status); err != nil {
		return err
	}
	if f.json {
		return writeJSON(c.OutOrStdout(), map[string]any{"items": status.Devices})
	}
	return printDevices(c.OutOrStdout(), status.Devices)
}

func printDevices(w io.Writer, list []api.Device) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "NAME\tKIND\tDRIVER\tSTATE\tTEXT")
	for _, d := range list {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", d.Name, d.Kind, d.Driver, d.State, d.Text)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, d := range list {
		if len(d.Lacks) > 0 {
			fmt.Fprintf(w, "%s cannot: %s\n", d.Name, joined(d.Lacks))
		}
		if len(d.Chores) > 0 {
			fmt.Fprintf(w, "%s can be serviced: %s\n", d.Name, joined(d.Chores))
		}
	}
	return nil
}

// joined lists names with commas.
func joined[T drivers.Function | drivers.Chore](list []T) string {
	texts := make([]string, len(list))
	for i := range list {
		texts[i] = string(list[i])
	}
	return strings.Join(texts, ", ")
}

// totals ends with 1 when terminal and journal differ.
func (f *deviceFlags) totals(c *cobra.Command, args []string) error {
	var t api.DeviceTotals
	if err := f.ask(c, http.MethodPost, devicePath(args[0], "totals"), nil, &t); err != nil {
		return err
	}
	err := f.show(c, &t, func(w io.Writer) { printDeviceTotals(w, &t) })
	if err == nil && !t.OK {
		return exit(exitNot, nil)
	}
	return err
}

func printDeviceTotals(w io.Writer, t *api.DeviceTotals) {
	for _, side := range []struct {
		name string
		sums []api.BrandSum
	}{{"terminal", t.Terminal}, {"journal", t.Journal}} {
		for _, s := range side.sums {
			fmt.Fprintf(w, "%-9s %-16s %5d payments %12d %s (minor units)\n", side.name, s.Brand, s.Count, s.Amount, s.Currency)
		}
	}
	fmt.Fprintf(w, "%-9s %-16s %27d %s (minor units)\n", "terminal", "all", t.AllBrands, t.Currency)
	for _, d := range t.Differences {
		fmt.Fprintf(w, "differs: %s\n  next: %s\n", d.Cause, d.Next)
	}
	if t.OK {
		fmt.Fprintln(w, "Terminal and journal agree. The day is still open.")
	}
	printLines(w, t.Receipts)
}

func printLines(w io.Writer, receipts [][]string) {
	for _, lines := range receipts {
		fmt.Fprintln(w, strings.Repeat("-", 24))
		for _, line := range lines {
			fmt.Fprintln(w, line)
		}
	}
}

func (f *deviceFlags) reprint(c *cobra.Command, args []string) error {
	var r api.Reprint
	if err := f.ask(c, http.MethodPost, devicePath(args[0], "reprint"), nil, &r); err != nil {
		return err
	}
	return f.show(c, &r, func(w io.Writer) {
		if len(r.Receipts) == 0 {
			fmt.Fprintf(w, "%s has printed its last receipt by itself.\n", r.Device)
		}
		lines := [][]string{}
		for _, one := range r.Receipts {
			lines = append(lines, slices.Concat([]string{"[" + string(one.For) + "]"}, one.Lines))
		}
		printLines(w, lines)
	})
}

func (f *deviceFlags) service(c *cobra.Command, args []string) error {
	var done api.ServiceDone
	if err := f.ask(c, http.MethodPost, devicePath(args[0], "service"), map[string]string{"chore": args[1]}, &done); err != nil {
		return err
	}
	return f.show(c, &done, func(w io.Writer) { fmt.Fprintf(w, "%s: %s: %s\n", done.Device, done.Chore, done.Text) })
}

// show prints a value as JSON, or else in words.
func (f *deviceFlags) show(c *cobra.Command, value any, words func(io.Writer)) error {
	if f.json {
		return writeJSON(c.OutOrStdout(), value)
	}
	words(c.OutOrStdout())
	return nil
}

// contextOf is a command's context, which is nil in one that was not executed with any.
func contextOf(c *cobra.Command) context.Context {
	if ctx := c.Context(); ctx != nil {
		return ctx
	}
	return context.Background()
}
