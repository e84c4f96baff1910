package platform

import (
	"context"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/platform/publish"
)

// publishKeys sends the tills the list of the platform's keys until the context ends.
func (s *Service) publishKeys(ctx context.Context) {
	k := publish.Keys{Conn: s.intake.conn.Load, PKI: s.pki, Registry: s.registry, Owners: s.owners, Log: s.opts.Log}
	k.Run(ctx)
}

// publishPolicies sends the tills their policies and configurations until the context ends.
func (s *Service) publishPolicies(ctx context.Context) {
	p := publish.Policies{Conn: s.intake.conn.Load, Registry: s.registry, Epochs: s.ledger.epochs, Signer: s.signer, Log: s.opts.Log}
	p.Run(ctx)
}

// epochs is the latest epoch of each till.
func (l *Ledger) epochs(ctx context.Context) (map[pos.TillID]pos.Epoch, error) {
	latest := map[pos.TillID]pos.Epoch{}
	for m, err := range l.Marks(ctx) {
		if err != nil {
			return nil, err
		}
		latest[m.Till] = m.Head.Epoch // epochs come in their order
	}
	return latest, nil
}
