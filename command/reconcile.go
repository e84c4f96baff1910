package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tillproof/tillproof/agent"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/scenario"
	"github.com/tillproof/tillproof/simulator/zvtsim"
	"github.com/tillproof/tillproof/store/journal"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/view"
	"github.com/tillproof/tillproof/sync/platform"
	"github.com/tillproof/tillproof/sync/reconcile"
)

func reconcileCommand() *cobra.Command {
	f := &dataFlags{}
	c := &cobra.Command{Use: "reconcile", Short: "Hold card terminal, acquirer, journal and ledger against each other", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			columns, err := readColumns(c.Context(), f.dir)
			if err != nil {
				return err
			}
			report, err := reconcile.Run(columns)
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
	c.Flags().BoolVar(&f.json, "json", false, "print JSON")
	return c
}

// readColumns reads every side from its own files.
func readColumns(ctx context.Context, dir string) (c reconcile.Columns, err error) {
	c.Attached = map[pos.DeviceName]bool{}
	if err := readJournal(&c, agent.PathsIn(tillFolder(dir)).Journal); err != nil {
		return c, err
	}
	if err := readLedger(ctx, &c, filepath.Join(dir, "platform", "ledger.db")); err != nil {
		return c, err
	}
	if err := alignPruned(&c, agent.PathsIn(tillFolder(dir)).Journal); err != nil {
		return c, err
	}
	devices := filepath.Join(dir, "devices")
	if err := readAcquirer(&c, filepath.Join(devices, scenario.BooksFile)); err != nil {
		return c, err
	}
	return c, readTerminals(&c, devices)
}

func readJournal(c *reconcile.Columns, dir string) error {
	r, err := journal.OpenReader(dir)
	if err != nil {
		return err
	}
	defer r.Close()
	payments, err := r.Payments()
	if err != nil {
		return exit(exitNot, err)
	}
	for _, p := range payments {
		if p.Foreign == "" { // another till's payment is in that till's columns
			c.Journal = append(c.Journal, column(p))
		}
	}
	err = r.All(func(rec *record.Record) error {
		head := rec.Head()
		c.JournalRecords = append(c.JournalRecords, reconcile.Record{Epoch: head.Epoch, Seq: head.Seq, Hash: head.Hash})
		return nil
	})
	if err != nil {
		return exit(exitNot, err)
	}
	return nil
}

func column(p *view.Payment) reconcile.Payment {
	out := reconcile.Payment{ID: p.Intent.Payment, Order: p.Intent.Order, Attempt: p.Intent.Attempt, Tender: p.Intent.Tender, Status: p.Status,
		GivenUp: p.Evidence == record.Abandoned, Money: p.Asked(), OrderAmount: p.Intent.OrderAmount, Device: p.Intent.Device, Epoch: p.Epoch, Seq: p.Seq}
	if p.Status.Taken() {
		out.Money = p.Taken()
	}
	if p.Decision != nil {
		out.TerminalID, out.Trace = p.Decision.TerminalID, p.Decision.Trace
	}
	if p.Decision != nil && (p.Status.Taken() || p.Returned > 0 || p.Status == pos.ForwardDeclined || p.Status == pos.WrittenOff) {
		out.Booked, out.Returned = p.Decision.Amount, p.Returned
	}
	for i := range p.Operations {
		out.Returns = append(out.Returns, refundColumn(&p.Operations[i])...)
	}
	return out
}

// refundColumn is what an operation means for the columns: nothing unless it is a refund that is done, or anything that has no outcome yet.
func refundColumn(o *view.Operation) []reconcile.Return {
	if o.Request.What == pos.Capture || !o.Open() && (o.State != pos.OperationDone || o.Request.What != pos.Refund) {
		return nil
	}
	r := reconcile.Return{Operation: o.Request.Key, Tender: o.Request.Tender, Open: o.Open(), GivenUp: o.Evidence == record.Abandoned, Amount: o.Request.Amount, Device: o.Request.Device}
	if o.Decision != nil {
		r.TerminalID, r.Trace = o.Decision.TerminalID, o.Decision.Trace
	}
	return []reconcile.Return{r}
}

func readLedger(ctx context.Context, c *reconcile.Columns, path string) error {
	l, err := platform.OpenLedger(path)
	if err != nil {
		return exit(exitAway, fmt.Errorf("the ledger %s cannot be read: %w", path, err))
	}
	defer l.Close()
	for row, err := range l.Payments(ctx) {
		if err != nil {
			return exit(exitNot, fmt.Errorf("the ledger is damaged: %w", err))
		}
		c.Ledger = append(c.Ledger, reconcile.Payment{ID: row.Payment, Order: row.Key.Order, Attempt: row.Key.Attempt, Tender: row.Tender,
			Status: row.Status, Money: row.Money, Epoch: row.Epoch, Seq: row.Seq})
	}
	for given, err := range l.Returns(ctx) {
		if err != nil {
			return exit(exitNot, fmt.Errorf("the ledger is damaged: %w", err))
		}
		c.Given = append(c.Given, reconcile.Given{Payment: given.Payment, Till: given.Till, Amount: given.Money.Amount, Acquirer: given.Acquirer})
	}
	for rec, err := range l.Records(ctx) {
		if err != nil {
			return exit(exitNot, fmt.Errorf("the ledger is damaged: %w", err))
		}
		c.LedgerRecords = append(c.LedgerRecords, reconcile.Record{Epoch: rec.Head.Epoch, Seq: rec.Head.Seq, Hash: rec.Head.Hash})
	}
	return nil
}

// readTerminals reads the memories of simulated card terminals. A real one is asked by a settlement.
func readTerminals(c *reconcile.Columns, dir string) error {
	paths, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return err
	}
	for _, path := range paths {
		if filepath.Base(path) == scenario.BooksFile {
			continue
		}
		m, err := zvtsim.Load(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return exit(exitNot, err)
		}
		name := pos.DeviceName(strings.TrimSuffix(filepath.Base(path), ".json"))
		c.Attached[name] = true
		for _, tx := range m.Transactions {
			if tx.Counts() || tx.Returns() {
				c.Terminal = append(c.Terminal, reconcile.Transaction{Device: name, TerminalID: m.TerminalID, Trace: fmt.Sprintf("%06d", tx.Trace),
					Money: pos.Money{Amount: tx.Amount, Currency: tx.Currency}, Refund: tx.Returns()})
			}
		}
	}
	return nil
}

// readAcquirer reads the books of the demo's acquirer, if there was one.
func readAcquirer(c *reconcile.Columns, path string) error {
	books, err := scenario.ReadBooks(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return exit(exitNot, fmt.Errorf("the acquirer's books %s cannot be read: %w", path, err))
	}
	c.Books = true
	for _, a := range books.Accounts {
		if a.Net == 0 {
			continue
		}
		payment, err := a.Payment()
		if err != nil {
			return exit(exitNot, fmt.Errorf("the acquirer's books %s name no payment: %w", path, err))
		}
		c.Acquirer = append(c.Acquirer, reconcile.Settled{Payment: payment, Tender: a.Tender, Money: pos.Money{Amount: a.Net, Currency: a.Currency}})
	}
	for _, money := range books.Loose {
		c.Acquirer = append(c.Acquirer, reconcile.Settled{Tender: pos.QR, Money: money})
	}
	return nil
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
		fmt.Fprintf(w, "%s%s: %s %s\n", d.Check, payment, d.Cause, d.Next)
	}
	if r.OK {
		fmt.Fprintln(w, "all sides agree")
	}
}
