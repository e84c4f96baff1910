package command

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/scenario"
	"github.com/tillproof/tillproof/simulator/zvtsim"
	"github.com/tillproof/tillproof/sync/reconcile"
)

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
