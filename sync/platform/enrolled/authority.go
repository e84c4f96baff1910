package enrolled

import (
	"context"
	"errors"
	"fmt"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/sync/platform/database"
	"github.com/tillproof/tillproof/sync/platform/pki"
	"github.com/tillproof/tillproof/sync/platform/registry"
)

// OpenPKI opens the authority and ties enrolment to the registry: only who is of a merchant there may enrol, and who enrols with a code is known from then
// on. Register and Permit of the options are set here.
func OpenPKI(ctx context.Context, db *database.DB, r *registry.Registry, o pki.Options) (*pki.PKI, error) {
	o.Register = func(ctx context.Context, till pos.TillID, merchant pos.MerchantID, public cose.PublicKey) error {
		return r.AddTill(registry.As(ctx, "enrolment"), registry.Till{Till: till, Merchant: merchant, PublicKey: public})
	}
	o.Permit = func(ctx context.Context, till pos.TillID, merchant pos.MerchantID) error {
		return permit(ctx, r, till, merchant)
	}
	return pki.Open(ctx, db, o)
}

// permit wants a merchant that the registry knows, and a till that is none of another one's.
func permit(ctx context.Context, r *registry.Registry, till pos.TillID, merchant pos.MerchantID) error {
	if _, found, err := r.Get(ctx, registry.KindMerchant, string(merchant)); err != nil || !found {
		return errors.Join(err, fmt.Errorf("the registry knows no merchant %q: tillproof platform merchant add", merchant))
	}
	known, found, err := r.Till(ctx, till)
	if err == nil && found && known.Merchant != merchant {
		err = fmt.Errorf("till %s belongs to merchant %s", till, known.Merchant)
	}
	return err
}
