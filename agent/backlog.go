package agent

import (
	"context"
	"sync"
	"time"

	"github.com/tillproof/tillproof/agent/api"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/journal"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/calls"
	"github.com/tillproof/tillproof/sync/outbox"
)

// recount is the shortest pause between two counts of a large backlog.
const recount = time.Second

// spread is the time over which tills come back when a broker restarts. A TLS handshake costs a broker some milliseconds; the shop sells meanwhile.
const spread = 10 * time.Second

// uplink is the way to the platform as the API shows it.
type uplink struct {
	source   *source
	outbox   *outbox.Outbox // nil when no platform is configured
	caller   *calls.Caller  // nil when no platform is configured
	again    chan struct{}  // asks for a connection now
	platform cose.Keys      // the platform's
	journal  *journal.Journal

	mu      sync.Mutex // guards what follows
	mode    string
	since   time.Time
	counted api.Backlog
	from    record.Head // the counted backlog is what lies between these heads
	to      record.Head
	at      time.Time
}

// The names of the modes.
const (
	online   = "online"
	degraded = "degraded" // connected, but the platform does not answer in time
	offline  = "offline"
)

func newUplink(src *source, out *outbox.Outbox, caller *calls.Caller) *uplink {
	return &uplink{source: src, outbox: out, caller: caller, again: make(chan struct{}, 1), journal: src.journal, mode: offline, since: time.Now()}
}

// Mode implements [api.Sync].
func (u *uplink) Mode() api.Mode {
	name := offline
	if u.outbox != nil {
		switch s := u.outbox.Status(); {
		case s.Online && u.caller.Answering():
			name = online
		case s.Connected:
			name = degraded
		}
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if name != u.mode {
		u.mode, u.since = name, time.Now()
	}
	return api.Mode{Name: u.mode, Since: u.since}
}

// paymentMode is the mode that a payment begins in: only a platform that answers is online.
func (u *uplink) paymentMode() pos.Mode {
	if u.Mode().Name == online {
		return pos.Online
	}
	return pos.Offline
}

// Flush implements [api.Sync].
func (u *uplink) Flush() {
	if u.outbox == nil {
		return
	}
	u.outbox.Flush()
	select {
	case u.again <- struct{}{}:
	default:
	}
}

// Backlog implements [api.Sync]. The number of records is exact; money and age of a large backlog are as of the last count.
func (u *uplink) Backlog() api.Backlog {
	u.mu.Lock()
	defer u.mu.Unlock()
	acked, head := u.journal.Acked(), u.journal.Head()
	if (acked != u.from || head != u.to) && (time.Since(u.at) > recount || u.counted.Records < 1000) {
		u.count(acked, head)
	}
	b := u.counted
	b.Records = u.source.Backlog()
	return b
}

// count reads the records that the platform does not hold and adds up the payments that they decided.
func (u *uplink) count(acked, head record.Head) {
	b := api.Backlog{Amounts: map[pos.Currency]pos.Minor{}}
	for after := acked; ; {
		chunk, err := u.source.Next(context.Background(), after, 500, 1<<20)
		if err != nil || chunk.Count() == 0 {
			break
		}
		for rest := chunk.Records; len(rest) > 0; {
			rec, next, err := u.journal.Codec().Decode(rest)
			if err != nil {
				break
			}
			u.tally(&b, &rec)
			rest = next
		}
		after = chunk.Last
	}
	u.counted, u.from, u.to, u.at = b, acked, head, time.Now()
}

func (u *uplink) tally(b *api.Backlog, rec *record.Record) {
	b.Records++
	if b.OldestAt == "" {
		b.OldestAt = api.Timestamp(rec.Times.Wall)
	}
	body, err := u.journal.Codec().Body(rec)
	subject, ok := body.(record.Subject)
	if err != nil || !ok {
		return
	}
	p, err := u.journal.Views().Payment(subject.PaymentID())
	if err == nil && p != nil && p.Status.Taken() && p.Seq == rec.Seq && p.Epoch == rec.Epoch {
		b.Payments++
		b.Amounts[p.Taken().Currency] += p.Taken().Amount
	}
}
