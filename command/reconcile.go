package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/tillproof/tillproof/agent"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/scenario"
	"github.com/tillproof/tillproof/sync/reconcile"
)

// reconcileFlags say which columns are compared.
type reconcileFlags struct {
	dataFlags
	platform string
	journals []string
	day      string
	timezone string
}

func reconcileCommand() *cobra.Command {
	f := &reconcileFlags{}
	c := &cobra.Command{Use: "reconcile", Short: "Hold card terminals, journals, ledger and acquirers' statements against each other", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			columns, err := f.columns(c.Context())
			if err != nil {
				return err
			}
			report, err := reconcile.Run(*columns)
			if err != nil {
				return exit(exitNot, err)
			}
			if f.json {
				err = writeJSON(c.OutOrStdout(), report)
			} else {
				printReconciliation(c.OutOrStdout(), &report)
			}
			if err == nil && !report.OK {
				return exit(exitNot, nil)
			}
			return err
		}}
	c.Flags().StringVar(&f.dir, "data", "data", "folder of a demo: till, platform and devices")
	c.Flags().StringVar(&f.platform, "platform", "", "configuration of a platform (platform.yaml): its ledger and the statements that were imported, instead of --data")
	c.Flags().StringArrayVar(&f.journals, "journal", nil, "data folder of a till, or its journal; may be repeated, with --platform")
	c.Flags().StringVar(&f.day, "day", "", "only this business date, YYYY-MM-DD")
	c.Flags().StringVar(&f.timezone, "timezone", "UTC", "calendar of merchants that are registered without one")
	c.Flags().BoolVar(&f.json, "json", false, "print JSON")
	c.MarkFlagsMutuallyExclusive("data", "platform")
	c.MarkFlagsMutuallyExclusive("data", "journal")
	return c
}

// columns reads what is to be compared.
func (f *reconcileFlags) columns(ctx context.Context) (c *reconcile.Columns, err error) {
	zone, err := time.LoadLocation(f.timezone)
	if err != nil {
		return nil, exit(exitUsage, err)
	}
	if _, err := time.Parse(time.DateOnly, f.day); f.day != "" && err != nil {
		return nil, exit(exitUsage, fmt.Errorf("--day %q is not a date such as 2026-03-01", f.day))
	}
	switch {
	case f.platform != "":
		c, err = platformColumns(ctx, f.platform, f.journals, zone)
	case len(f.journals) > 0:
		return nil, exit(exitUsage, errors.New("--journal goes with --platform"))
	default:
		c, err = demoColumns(ctx, f.dir, zone)
	}
	if err == nil && f.day != "" {
		c.Only(f.day)
	}
	return c, err
}

// demoColumns reads every side of a demo from its own files.
func demoColumns(ctx context.Context, dir string, zone *time.Location) (*reconcile.Columns, error) {
	c, err := ledgerColumns(ctx, filepath.Join(dir, "platform"), zone)
	if err != nil {
		return nil, err
	}
	c.Attached = map[pos.DeviceName]bool{}
	if err := takeJournal(c, agent.PathsIn(tillFolder(dir)).Journal); err != nil {
		return nil, err
	}
	devices := filepath.Join(dir, "devices")
	if err := readAcquirer(c, filepath.Join(devices, scenario.BooksFile)); err != nil {
		return nil, err
	}
	return c, readTerminals(c, devices)
}

func printReconciliation(w io.Writer, r *reconcile.Report) {
	for _, column := range []struct {
		name   string
		totals pos.Totals
	}{{"terminal", r.Totals.Terminal}, {"acquirer", r.Totals.Acquirer}, {"journal", r.Totals.Journal}, {"ledger", r.Totals.Ledger}} {
		fmt.Fprintf(w, "%s\n", column.name)
		printTotals(w, column.totals)
	}
	for _, d := range r.Differences {
		payment := ""
		if d.Payment != nil {
			payment = " " + d.Payment.String()
		}
		fmt.Fprintf(w, "%s: %s%s: %s %s\n", d.Kind, d.Check, payment, d.Cause, d.Next)
	}
	if r.OK {
		fmt.Fprintln(w, "all sides agree")
	}
}
