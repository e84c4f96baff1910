package scenario

import (
	"fmt"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/zvtsim"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/journal"
	"github.com/tillproof/tillproof/store/view"
)

// witness notes what the card terminal has seen, which is what a dead journal must already hold.
type witness struct {
	asked    map[pos.Minor]bool // amounts of payments whose command has begun to arrive
	answered map[string]bool    // traces whose result was acknowledged by the till
}

func newWitness() *witness {
	return &witness{asked: map[pos.Minor]bool{}, answered: map[string]bool{}}
}

// see takes an event of the terminal. The command's first bytes do not tell its amount: the script knows which sale is running.
func (w *witness) see(e zvtsim.Event, running pos.Minor) {
	switch {
	case e.Command == "06 01" && (e.Moment == zvtsim.ByteReceived || e.Moment == zvtsim.Received):
		w.asked[running] = true
	case e.Moment == zvtsim.Accepted:
		w.answered[fmt.Sprintf("%06d", e.Trace)] = true
	}
}

// inspect reads the journal of a dead agent and names the laws that it breaks: law 1 when the terminal was asked for money without a durable intent,
// law 2 when it got its acknowledgement without a durable result.
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
	return append(broken, w.compare(payments)...), nil
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
