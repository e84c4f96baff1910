package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/tillproof/tillproof/agent"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/journal"
)

// journalOpens says whether the journal can be read and is this till's. It checks no record.
func journalOpens(_ context.Context, t *till) []Finding {
	if t.status != nil {
		return fine(fmt.Sprintf("the running till writes it: record %d", t.status.Seq))
	}
	dir := agent.PathsIn(t.config.Data).Journal
	owner, err := journal.Owner(dir)
	var known *pos.Error
	switch {
	case errors.Is(err, journal.ErrEmpty):
		return fine("there is none yet: the first start makes it")
	case errors.As(err, &known) && known.Code == "journal_locked":
		return missing(known.Text+" That program does not answer at "+t.config.API.Listen+".", "Look at its log, or stop it. "+known.Next)
	case errors.Is(err, fs.ErrPermission):
		return missing(dir+" cannot be read by this user", "Run this as the till's user.")
	case errors.As(err, &known):
		return bad(known.Text, known.Next)
	case err != nil:
		return bad("the journal cannot be read: "+err.Error(), "Do not delete it: it may hold payments that were not delivered. Keep a copy, and run tillproof journal verify.")
	case owner != t.config.Till:
		return bad(fmt.Sprintf("the journal in %s is of till %s, and till.yaml says %s", dir, owner, t.config.Till), "Put the right folder or the right name into till.yaml; never mix two tills.")
	}
	return fine("it can be read; tillproof journal verify checks every record")
}

// payments tells what waits for people.
func payments(_ context.Context, t *till) []Finding {
	switch {
	case t.status == nil:
		return nil
	case len(t.status.Unknown) > 0:
		return warn("the outcome of "+count(len(t.status.Unknown), "payment")+" is not known", "Do not charge again. Open the till's screen: it says for each what to look at, and a supervisor decides.")
	}
	return fine("every payment has a known outcome")
}

// longBacklog is when a backlog is told as a warning.
const longBacklog = 24 * time.Hour

// delivery tells what the platform does not hold yet.
func delivery(_ context.Context, t *till) []Finding {
	if t.status == nil || t.config.Platform.Broker == "" {
		return nil
	}
	b := t.status.Backlog
	if b.Records == 0 {
		return fine("the platform holds every record")
	}
	text := fmt.Sprintf("%s with %s not delivered yet", count(int(b.Records), "record"), count(b.Payments, "payment"))
	oldest, err := time.Parse(time.RFC3339, b.OldestAt)
	if err == nil && t.now.Sub(oldest) > longBacklog {
		return warn(fmt.Sprintf("%s, the oldest for %d hours; nothing is lost", text, int(t.now.Sub(oldest).Hours())),
			"Bring the network back, or carry them: tillproof journal export (docs/operations.md, an evening without a network).")
	}
	return fine(text + "; nothing is lost")
}
