package view

import (
	"fmt"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
)

// forwarded takes what became of an offline approval when it was brought to its acquirer. The card terminal's own decision stays: its numbers name the
// transaction, and its amount is what was collected, refused or written off.
func (p *Payment) forwarded(told *record.Decision) error {
	if p.Status == pos.Reserved {
		return fmt.Errorf("%s by the platform for a payment that is %s", told.Status, p.Status)
	}
	p.Evidence, p.Reason = record.ByPlatform, Reason{}
	if p.Again = nil; told.Status != pos.Captured {
		p.Reason, p.Again = Reason{Code: told.Code, Text: told.Text}, told.Again
	}
	return p.become(told.Status)
}

// mayCapture says whether the money of an offline approval may be asked for again: all of it, after it was refused, one try at a time.
func (p *Payment) mayCapture(b *record.Operation) error {
	if p.Status != pos.ForwardDeclined || p.Decision == nil || b.Amount != p.Decision.Amount || b.Currency != p.Decision.Currency || p.Unfinished() {
		return fmt.Errorf("a capture of %d of a payment that is %s", b.Amount, p.Status)
	}
	return nil
}
