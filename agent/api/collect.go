package api

import (
	"fmt"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/view"
)

// Collect says how often and until when the money of a refused offline approval may be asked for again. The platform decides when it is asked.
type Collect struct {
	TriesLeft  int    `json:"tries_left" doc:"How often it may still be collected, by the till or the back office"`
	DeadlineAt string `json:"deadline_at" doc:"Until when"`
}

// collectable is what the platform has said of a payment that is forward_declined, nil when it has said nothing.
func collectable(p *view.Payment) *Collect {
	if p.Status != pos.ForwardDeclined || p.Again == nil {
		return nil
	}
	return &Collect{TriesLeft: p.Again.TriesLeft, DeadlineAt: Timestamp(p.Again.Deadline)}
}

// collect says what can be done about an offline approval that was refused later.
func collect(again *record.Again, now time.Time) *Words {
	switch {
	case again == nil:
		return &Words{"collect", "The bank refused this offline payment later. Collect it once more, or let a supervisor write it off."}
	case again.TriesLeft <= 0:
		return &Words{"write_off", "The bank refused this offline payment too often. Take the money otherwise, or let a supervisor write it off."}
	case now.UnixMilli() >= again.Deadline:
		return &Words{"write_off", "The bank refused this offline payment, and the time to collect it is over. Let a supervisor write it off."}
	}
	tries := "once more"
	if again.TriesLeft > 1 {
		tries = fmt.Sprintf("up to %d times more", again.TriesLeft)
	}
	return &Words{"collect", fmt.Sprintf("The bank refused this offline payment later. Collect it %s until %s, or let a supervisor write it off.", tries,
		time.UnixMilli(again.Deadline).UTC().Format("2006-01-02 15:04 UTC"))}
}
