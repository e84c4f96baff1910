package engine_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/tillproof/tillproof/agent/engine"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/zvtsim"
)

// act is one thing that a cashier, a customer, a device, the network or the platform does.
type act struct {
	what   string
	order  int
	which  int // of the payments or operations so far, counted from the last
	card   zvtsim.Do
	fate   pos.Status // of a customer with a phone
	at     int        // of moments
	part   int        // tenths of a payment that go back
	before time.Duration
	after  time.Duration
}

func drawAct(t *rapid.T) act {
	sample := func(name string, from ...int) int { return rapid.SampledFrom(from).Draw(t, name) }
	return act{
		what: rapid.SampledFrom([]string{"card", "card", "card", "cash", "cash", "code", "code", "issued", "local", "split", "split", "void", "void", "refund", "refund",
			"refund", "cash refund", "cancel", "again", "again", "unplug", "break", "break", "restart", "away", "deaf", "dumb", "mend", "mend", "wait",
			"abandon", "decide", "ask", "open shift", "close shift", "settle"}).Draw(t, "what"),
		order: sample("order", 0, 1, 2), which: sample("which", 0, 0, 0, 1, 2, 5), at: rapid.IntRange(0, len(moments())-1).Draw(t, "at"),
		part: sample("part", 1, 5, 10), before: time.Duration(sample("before", 0, 0, 300, 2000, 40_000)) * time.Millisecond,
		after: time.Duration(sample("after", 0, 0, 200, 400, 3000, 100_000)) * time.Millisecond,
		card: rapid.SampledFrom([]zvtsim.Do{zvtsim.Approve, zvtsim.Approve, zvtsim.Approve, zvtsim.Decline, zvtsim.CustomerAbort, zvtsim.LoseResult,
			zvtsim.LoseBeforeAck, zvtsim.OfflineApprove, zvtsim.Contradict}).Draw(t, "card"),
		fate: rapid.SampledFrom([]pos.Status{pos.Approved, pos.Approved, pos.Approved, pos.Declined, pos.Expired, pos.RefundDue}).Draw(t, "fate"),
	}
}

// TestTheModelAndTheJournalAgree plays random sequences of what cashiers, customers, devices, the network and the platform do, and holds what the
// engine says against a small model of the money: what the terminal's memory, the platform's books and a drawer hold. After each act nothing that
// was told may be untrue, and at the end nothing may be open that somebody could know. -rapid.checks says how many.
func TestTheModelAndTheJournalAgree(t *testing.T) {
	if flag.Lookup("rapid.checks").Value.String() == "100" {
		few := "150"
		if raceDetector {
			few = "20" // each takes ten times as long
		}
		_ = flag.Set("rapid.checks", few)
	}
	rapid.Check(t, func(r *rapid.T) {
		keep := rapid.Bool().Draw(r, "the terminal keeps what was not acknowledged")
		acts := rapid.SliceOfN(rapid.Custom(drawAct), 1, 24).Draw(r, "acts")
		if complaints := playModel(t, keep, acts); len(complaints) > 0 {
			r.Fatal(strings.Join(complaints, "\n"))
		}
	})
}

func playModel(t *testing.T, keep bool, acts []act) (complaints []string) {
	dir, err := os.MkdirTemp(t.TempDir(), "model")
	if err != nil {
		return []string{err.Error()}
	}
	defer os.RemoveAll(dir) //nolint:errcheck // the test framework removes what is left
	synctest.Test(t, func(t *testing.T) {
		m := newModel(t, dir, keep)
		defer m.close()
		for i, a := range acts {
			<-time.After(a.before)
			m.play(a)
			<-time.After(a.after)
			if m.check(); len(m.complaints) > 0 {
				m.complain("after act %d, %s", i+1, a.what)
				break
			}
		}
		if len(m.complaints) == 0 {
			m.conclude()
		}
		complaints = m.complaints
	})
	return complaints
}

// model is a shop with a card terminal and customers with phones, and what their money is known to have done.
type model struct {
	*shop
	c          *counter
	complaints []string

	requests  []engine.Request // that were taken, one a payment
	ids       []pos.PaymentID
	seen      map[pos.PaymentID]pos.Status // the last end that the cashier was told
	deeds     []given                      // operations that were taken
	ended     map[pos.OperationKey]pos.OperationState
	attempts  map[int]pos.Attempt
	abandoned map[pos.PaymentID]bool
	mu        sync.Mutex
	fates     map[pos.PaymentID]act // guarded by mu
	drawer    pos.Minor             // what went into it less what went out, since the last shift was closed
	float     pos.Minor             // of the open shift
	open      bool                  // a shift
}

// given is an operation that was taken.
type given struct {
	payment pos.PaymentID
	key     pos.OperationKey
	void    bool
	request engine.RefundRequest
}

func newModel(t *testing.T, dir string, keep bool) *model {
	m := &model{shop: &shop{t: t, dir: dir, centre: newCentre(t)}, seen: map[pos.PaymentID]pos.Status{}, ended: map[pos.OperationKey]pos.OperationState{},
		attempts: map[int]pos.Attempt{}, abandoned: map[pos.PaymentID]bool{}, fates: map[pos.PaymentID]act{}}
	pt, err := zvtsim.New(zvtsim.Options{Path: filepath.Join(dir, "left.json"), KeepUnacknowledged: keep})
	if err != nil {
		t.Fatal(err)
	}
	m.c = &counter{shop: m.shop, name: "left", pt: pt}
	m.devices = []*counter{m.c}
	m.centre.authorise = m.customer
	m.start()
	m.c.plug()
	m.pay(m.card(7)) // a base line in the terminal
	return m
}
