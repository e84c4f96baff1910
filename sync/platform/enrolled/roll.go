// Package enrolled says which tills there are, whose they are and with which keys, whoever has said so: the configuration, the registry, or an enrolment.
// With it people look after keys and certificates, beside a platform that runs or without one.
package enrolled

import (
	"context"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/sync/platform/pki"
	"github.com/tillproof/tillproof/sync/platform/registry"
)

// Roll is where tills are known from. It is read anew with every question, and safe for concurrent use.
type Roll struct {
	Configured []registry.Till // by the platform's file; one without a key is enrolled by a code
	Registry   *registry.Registry
	PKI        *pki.PKI
}

// Keys lists the keys of all tills: of the configuration, of the registry, and all that an enrolment has ever tied to their names. What tills' own records
// have named since is not among them.
func (r *Roll) Keys(ctx context.Context) (map[pos.TillID][]cose.PublicKey, error) {
	keys := map[pos.TillID][]cose.PublicKey{}
	registered, err := r.Registry.Tills(ctx)
	if err != nil {
		return nil, err
	}
	for _, list := range [][]registry.Till{r.Configured, registered} {
		for i := range list {
			if t := &list[i]; len(t.PublicKey) > 0 {
				keys[t.Till] = append(keys[t.Till], t.PublicKey)
			}
		}
	}
	issued, err := r.PKI.TillKeys(ctx)
	for i := range issued {
		keys[issued[i].Till] = append(keys[issued[i].Till], issued[i].Public)
	}
	return keys, err
}

// Owners lists all tills and whose they are. Where they differ the registry counts, not the configuration.
func (r *Roll) Owners(ctx context.Context) (map[pos.TillID]pos.MerchantID, error) {
	registered, err := r.Registry.Tills(ctx)
	owners := map[pos.TillID]pos.MerchantID{}
	for _, list := range [][]registry.Till{r.Configured, registered} {
		for i := range list {
			owners[list[i].Till] = list[i].Merchant
		}
	}
	return owners, err
}
