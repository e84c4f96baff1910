package scenario

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/reconcile"
)

// Result is what a script proves at its end. Totals are minor units of the demo's currency. Each payment counts once, by the first final answer that
// the cashier saw.
type Result struct {
	Seed            uint64    `json:"seed"`
	Payments        int       `json:"payments"`
	Approved        int       `json:"approved"`
	ApprovedOffline int       `json:"approved_offline"`
	Declined        int       `json:"declined"`
	Cancelled       int       `json:"cancelled"`
	Expired         int       `json:"expired"`
	UnknownResolved int       `json:"unknown_resolved"`
	UnknownOpen     int       `json:"unknown_open"`
	Kills           int       `json:"kills"`
	AgentKills      int       `json:"agent_kills"`
	PlatformKills   int       `json:"platform_kills"`
	NetworkCuts     int       `json:"network_cuts"`
	Lost            int       `json:"lost"`       // moved outside and not in the ledger
	Duplicated      int       `json:"duplicated"` // moved or booked twice for one order
	Refunded        int       `json:"refunded"`   // of those that ended without money: it came late, and went back
	Voids           int       `json:"voids"`      // taken back by the cashier
	Refunds         int       `json:"refunds"`    // given back by the cashier, whole or in part
	TerminalTotal   pos.Minor `json:"terminal_total"`
	JournalTotal    pos.Minor `json:"journal_total"`
	LedgerTotal     pos.Minor `json:"ledger_total"`
	Violations      []string  `json:"violations"` // laws that a dead journal or an answer broke

	Happened map[string]int `json:"happened"` // how often each trouble of the phones' payments came
	Data     string         `json:"data"`
	OK       bool           `json:"ok"`
}

// count adds one payment by the answer that the cashier saw.
func (r *Result) count(status pos.Status) {
	r.Payments++
	switch status {
	case pos.Approved:
		r.Approved++
	case pos.ApprovedOffline:
		r.ApprovedOffline++
	case pos.Declined:
		r.Declined++
	case pos.Cancelled:
		r.Cancelled++
	case pos.Expired:
		r.Expired++
	default:
		r.UnknownOpen++
	}
}

// reconcileFiles asks the program itself, from outside, whether the files of a demo agree.
func reconcileFiles(ctx context.Context, exe, data string) (reconcile.Report, error) {
	var report reconcile.Report
	out, err := exec.CommandContext(ctx, exe, "reconcile", "--data", data, "--json").Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return report, err
	}
	if jsonErr := json.Unmarshal(out, &report); jsonErr != nil {
		return report, fmt.Errorf("reconcile gave no answer: %w", errors.Join(jsonErr, err))
	}
	return report, nil
}

// sum adds up all tenders.
func sum(t pos.Totals) (total pos.Minor) {
	for _, byCurrency := range t {
		total += byCurrency[currency].Amount
	}
	return total
}
