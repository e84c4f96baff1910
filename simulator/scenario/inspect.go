package scenario

import (
	"context"
	"fmt"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/zvtsim"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/journal"
	"github.com/tillproof/tillproof/store/view"
	"github.com/tillproof/tillproof/sync/platform"
)

// witness notes what card terminal and acquirer have seen, which is what a dead journal must already hold.
type witness struct {
	asked    map[pos.Minor]bool    // amounts of payments whose command has begun to arrive
	answered map[string]bool       // traces whose result was acknowledged by the till
	refused  map[pos.OrderRef]bool // orders whose code the till refused because it was offline
	calls    []bankCall            // of the acquirer
	broken   []string              // laws that the calls themselves break
	running  backKey               // what the counter gives back now
	given    map[backKey]bool      // whose command has begun to arrive
}

// backKey names an operation among all payments.
type backKey struct {
	payment   pos.PaymentID
	operation pos.OperationKey
}

func newWitness() *witness {
	return &witness{asked: map[pos.Minor]bool{}, answered: map[string]bool{}, refused: map[pos.OrderRef]bool{},
		given: map[backKey]bool{}}
}

// ask takes a call that the acquirer has received. A payment is authorised once, whatever was lost, and never after the till has
// refused its code.
func (w *witness) ask(c bankCall) {
	for _, earlier := range w.calls {
		if c.Op == "authorise" && earlier.Op == c.Op && earlier.Ref == c.Ref {
			w.broken = append(w.broken, fmt.Sprintf("law 3: the acquirer was asked twice to authorise order %s", c.Order))
		}
	}
	if c.Op == "authorise" && w.refused[c.Order] {
		w.broken = append(w.broken, fmt.Sprintf("law 7: the code of order %s was refused offline and came to the acquirer all the same", c.Order))
	}
	w.calls = append(w.calls, c)
}

// see takes an event of the terminal. The command's first bytes do not tell its amount: the script knows which sale is running.
func (w *witness) see(e zvtsim.Event, running pos.Minor) {
	switch {
	case e.Command == "06 01" && (e.Moment == zvtsim.ByteReceived || e.Moment == zvtsim.Received):
		w.asked[running] = true
	case (e.Command == "06 30" || e.Command == "06 31") && (e.Moment == zvtsim.ByteReceived || e.Moment == zvtsim.Received):
		w.given[w.running] = true
	case e.Moment == zvtsim.Accepted:
		w.answered[fmt.Sprintf("%06d", e.Trace)] = true
	}
}

// inspect reads the journal of a dead agent and names the laws that it breaks: law 1 when the terminal was asked for money
// without a durable intent, law 2 when it got its acknowledgement without a durable result.
func (w *witness) inspect(dir string, key cose.PublicKey) ([]string, error) {
	report, err := journal.Verify(dir, tillID, cose.OneKey(key))
	if err != nil {
		return nil, err
	}
	var broken []string
	for _, p := range report.Problems {
		broken = append(broken, fmt.Sprintf("law 4: record %d is %s: %s", p.Seq, p.Kind, p.Text))
	}
	r, err := journal.OpenReader(dir)
	if err != nil {
		return broken, err
	}
	defer r.Close()
	payments, err := r.Payments()
	if err != nil {
		return broken, err
	}
	return append(append(broken, w.compare(payments)...), w.compareCalls(payments)...), nil
}

// compareCalls: what the acquirer was asked for must have been durable in the till before, with what was presented to the
// customer.
func (w *witness) compareCalls(payments view.Payments) (broken []string) {
	held := map[string]*view.Payment{}
	for id, p := range payments {
		held[refOf(id)] = p
	}
	for _, c := range w.calls {
		p := held[c.Ref]
		switch {
		case p == nil:
			broken = append(broken, fmt.Sprintf("law 1: the acquirer was asked to %s %s for order %s and the dead journal holds no intent", c.Op, c.Amount, c.Order))
		case p.Asked() != c.Amount || p.Intent.Order != c.Order:
			broken = append(broken, fmt.Sprintf("law 1: the acquirer was asked to %s %s for order %s, the intent says %s for %s", c.Op, c.Amount, c.Order, p.Asked(), p.Intent.Order))
		case c.Op == "authorise" && (p.Presented == nil || len(p.Presented.CodeHash) == 0):
			broken = append(broken, fmt.Sprintf("law 1: the acquirer was asked to authorise order %s and the dead journal does not say that a code was presented", c.Order))
		case c.Op == "expect" && (p.Presented == nil || p.Presented.Reference != c.Reference):
			broken = append(broken, fmt.Sprintf("law 1: the acquirer expects money for order %s and the dead journal does not hold its QR", c.Order))
		}
	}
	return broken
}

func (w *witness) compare(payments view.Payments) (broken []string) {
	intents, results := map[pos.Minor]bool{}, map[string]bool{}
	for _, p := range payments {
		if p.Intent.Tender == pos.Card {
			intents[p.Intent.Amount] = true
		}
		if p.Decision != nil {
			results[p.Decision.Trace] = true
		}
		for i := range p.Operations {
			if d := p.Operations[i].Decision; d != nil {
				results[d.Trace] = true
			}
		}
	}
	for key := range w.given {
		if p := payments[key.payment]; p == nil || p.Operation(key.operation) == nil {
			broken = append(broken, fmt.Sprintf("law 1: the terminal was asked to give money of payment %s back and the dead journal holds no operation %s",
				key.payment, key.operation))
		}
	}
	for amount := range w.asked {
		if !intents[amount] {
			broken = append(broken, fmt.Sprintf("law 1: the terminal was asked for %d and the dead journal holds no intent", amount))
		}
	}
	for trace := range w.answered {
		if !results[trace] {
			broken = append(broken, fmt.Sprintf("law 2: transaction %s was acknowledged and the dead journal holds no result", trace))
		}
	}
	return broken
}

// inspectLedger reads the ledger of a dead platform and names what breaks law 6: a mark that promises more records than are there.
func inspectLedger(ctx context.Context, path string) (broken []string, err error) {
	l, err := platform.OpenLedger(path)
	if err != nil {
		return nil, err
	}
	defer l.Close()
	held := map[pos.Epoch]pos.Seq{}
	for r, err := range l.Records(ctx) {
		if err != nil {
			return nil, err
		}
		held[r.Head.Epoch]++
	}
	for mark, err := range l.Marks(ctx) {
		if err != nil {
			return broken, err
		}
		if n := held[mark.Head.Epoch]; n < mark.Head.Seq {
			broken = append(broken, fmt.Sprintf("law 6: the dead ledger's mark is %d and it holds %d records", mark.Head.Seq, n))
		}
	}
	return broken, nil
}
