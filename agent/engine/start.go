package engine

import (
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/view"
)

// doubtPending turns pending into unknown: the agent that waited for the answer is dead. Devices with something to answer for take no sale before.
func (e *Engine) doubtPending() error {
	loose, err := e.loose()
	if err != nil {
		return err
	}
	for _, p := range loose {
		if byPlatform(p) && p.Status.Open() {
			e.unsure[p.Intent.Payment] = true
		}
		for _, t := range dead(p) {
			_, err := e.journal.Append(t.doubted(record.ByRestart, reason{"agent_restarted", "The till was restarted while this was under way."}))
			if err != nil {
				return err
			}
		}
	}
	for _, s := range e.stations {
		if err := e.reconsider(s, false); err != nil {
			return err
		}
	}
	return nil
}

// dead lists what of a payment waited for an answer that will not come. What the platform was asked for goes on there; a customer who has not acted
// yet does not know of a restart.
func dead(p *view.Payment) []task {
	var list []task
	if p.Status == pos.Pending && !waitsForCustomer(p) {
		list = append(list, saleOf(p))
	}
	for i := range p.Operations {
		if o := &p.Operations[i]; o.State == pos.OperationRequested && !throughPlatform(p, o) {
			list = append(list, givingOf(p, o))
		}
	}
	return list
}

// doubtful lists what of a payment is unknown and still looked for.
func doubtful(p *view.Payment) []task {
	var list []task
	if t := saleOf(p); t.unknown(p) {
		list = append(list, t)
	}
	for i := range p.Operations {
		if t := givingOf(p, &p.Operations[i]); t.unknown(p) {
			list = append(list, t)
		}
	}
	return list
}

// throughPlatform says whether the platform carries an operation out, or has to allow it.
func throughPlatform(p *view.Payment, o *view.Operation) bool {
	return o.Request.Of != nil || p.Intent.ByReader() && o.Request.Tender == pos.Card || o.Request.Tender == pos.Code || o.Request.Tender == pos.QR || o.Request.What == pos.Capture && !p.Intent.Reserve
}
