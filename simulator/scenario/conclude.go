package scenario

import (
	"context"
	"fmt"
	"time"

	"github.com/tillproof/tillproof/pos"
)

// drain waits until the platform has signed for everything, no payment is open, and what the acquirer holds is known to the till.
func (y *day) drain(ctx context.Context) error {
	limit := drainTime
	if broken, _ := y.soFar(false); broken {
		limit = brokenDrain
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var left string
	for ctx.Err() == nil {
		s, err := y.client.status(ctx)
		switch {
		case err != nil && codeOf(err) == "":
			if err := y.raise(ctx); err != nil {
				return err
			}
		case err == nil && s.Backlog.Records == 0 && len(s.Unknown) == 0:
			if left = y.unsettled(ctx); left == "" {
				return nil
			}
		default:
			left = fmt.Sprintf("%d records, %d unknown payments", s.Backlog.Records, len(s.Unknown))
			_ = y.client.sync(ctx) // a hint; it sends by itself
		}
		time.Sleep(retryPause)
	}
	if limit == drainTime { // else it is known already that the day has failed
		y.violate(fmt.Sprintf("drain: not everything was settled within %s: %s", limit, left))
	}
	return nil
}

// unsettled names something that is still to come, "" when nothing is.
func (y *day) unsettled(ctx context.Context) string {
	for _, status := range []pos.Status{pos.Pending, pos.RefundDue} {
		if list, err := y.client.list(ctx, "limit=1&status="+string(status)); err != nil || len(list) > 0 {
			return fmt.Sprintf("payments that are %s", status)
		}
	}
	for _, a := range y.bank.Accounts() {
		if a.Net.Amount == 0 {
			continue
		}
		known, err := y.client.ofOrder(ctx, string(a.Order.OrderRef))
		if err != nil {
			return "the till's answer"
		}
		taken := false
		for _, p := range known {
			taken = taken || refOf(p.ID) == a.Order.Ref && p.Status.Taken() && !p.Unwanted
		}
		if !taken {
			return fmt.Sprintf("money of order %s at the acquirer", a.Order.OrderRef)
		}
	}
	return ""
}

// conclude adds up what moved outside and holds it against the files.
func (y *day) conclude(ctx context.Context) error {
	y.result.AgentKills, y.result.PlatformKills = y.agent.killed(), y.platform.killed()
	y.result.Kills = y.result.AgentKills + y.result.PlatformKills + y.broker.killed()
	y.result.Refunded = y.result.Happened["refunded"]
	if err := y.bank.keeper.write(); err != nil {
		return err
	}
	y.mu.Lock()
	y.violate(y.witness.broken...)
	y.mu.Unlock()
	if err := y.findCodes(); err != nil {
		return err
	}
	if err := y.compareOutside(ctx); err != nil {
		return err
	}
	report, err := reconcileFiles(ctx, y.opts.Exe, y.places.root)
	if err != nil {
		return err
	}
	y.missedKills()
	for _, d := range report.Differences {
		y.violate("reconcile: " + d.Check + ": " + d.Cause)
	}
	y.result.JournalTotal, y.result.LedgerTotal = sum(report.Totals.Journal), sum(report.Totals.Ledger)
	y.result.OK = report.OK && len(y.result.Violations) == 0 && y.result.Lost == 0 && y.result.Duplicated == 0 &&
		y.result.TerminalTotal == y.result.JournalTotal && y.result.JournalTotal == y.result.LedgerTotal
	return nil
}
