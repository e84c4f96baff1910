package registry

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/policy"
)

// Limit is an offline policy for some tills of a merchant. A disabled one limits nothing: its tills are sent a policy without limits.
type Limit struct {
	ID       string          `json:"id"` // [a-z0-9-], 3 to 32; unique over all merchants
	Merchant pos.MerchantID  `json:"merchant"`
	Tills    []pos.TillID    `json:"tills,omitempty"` // of the merchant; none named: all of them that no other limit names
	Version  uint64          `json:"version"`         // set by the registry: grows with every change, above those of all limits of the merchant
	EndsAt   time.Time       `json:"ends_at,omitzero"`
	Currency pos.Currency    `json:"currency"`
	Default  policy.Choice   `json:"default"`
	Limits   []policy.Limit  `json:"limits"`
	Hotlist  *policy.Hotlist `json:"hotlist,omitempty"`
}

// Kind implements [Thing].
func (*Limit) Kind() Kind { return KindLimit }

// Key implements [Thing].
func (l *Limit) Key() string { return l.ID }

// Owner implements [Thing].
func (l *Limit) Owner() pos.MerchantID { return l.Merchant }

// Document is the policy that a till is sent; its till, epoch and time of issue are the caller's to fill in.
func (l *Limit) Document() *policy.Document {
	d := &policy.Document{Version: l.Version, Currency: l.Currency, Default: l.Default, Limits: l.Limits, Hotlist: l.Hotlist}
	if !l.EndsAt.IsZero() {
		d.EndsAt = l.EndsAt.UnixMilli()
	}
	return d
}

func (l *Limit) check() error {
	if err := checkName("id", l.ID); err != nil {
		return err
	}
	d := l.Document()
	d.Version = max(d.Version, 1) // the registry sets it
	return d.Check()
}

func (l *Limit) fit(ctx context.Context, e *edit, before Thing) error {
	if err := e.needs(ctx, KindMerchant, string(l.Merchant)); err != nil {
		return err
	}
	if err := l.alone(ctx, e); err != nil {
		return err
	}
	was, _ := before.(*Limit)
	if was == nil && e.seeding && l.Version > 0 {
		return nil // as the configuration says
	}
	if was != nil {
		given := l.Version
		l.Version = was.Version
		if same(was, l) {
			return nil
		}
		l.Version = given
	}
	if e.seeding && was != nil && l.Version > was.Version {
		return nil
	}
	return l.raise(ctx, e)
}

// alone refuses a till that is not the merchant's, or that another limit names too.
func (l *Limit) alone(ctx context.Context, e *edit) error {
	others, err := e.list(ctx, KindLimit, l.Merchant)
	if err != nil {
		return err
	}
	for _, t := range l.Tills {
		till, found, err := e.get(ctx, KindTill, string(t))
		if err != nil {
			return err
		}
		if !found || till.Owner() != l.Merchant {
			return errInvalid(fmt.Errorf("merchant %s has no till %q", l.Merchant, t))
		}
	}
	for _, o := range others {
		if other := o.Thing.(*Limit); o.Enabled && other.ID != l.ID && l.overlaps(other) {
			return errInvalid(fmt.Errorf("a till would have two policies: limit %s is for it already", other.ID))
		}
	}
	return nil
}

// overlaps says whether a till is named by both, or both are for the rest.
func (l *Limit) overlaps(o *Limit) bool {
	if len(l.Tills) == 0 || len(o.Tills) == 0 {
		return len(l.Tills) == len(o.Tills)
	}
	return slices.ContainsFunc(l.Tills, func(t pos.TillID) bool { return slices.Contains(o.Tills, t) })
}

// raise gives the limit a version above all of the merchant: a till that goes from one limit to another must see it grow.
func (l *Limit) raise(ctx context.Context, e *edit) error {
	all, err := e.list(ctx, KindLimit, l.Merchant)
	if err != nil {
		return err
	}
	l.Version = 1
	for _, k := range all {
		l.Version = max(l.Version, k.Thing.(*Limit).Version+1)
	}
	return nil
}

// Policy is what one till is to be sent.
type Policy struct {
	Merchant pos.MerchantID
	Till     pos.TillID
	Document *policy.Document // without till, epoch and time of issue
}

// Policies lists what each till is to be sent, in the order of till ids; none for tills that no limit was ever for. A limit that names a till comes
// before one for all, and one that is disabled last: without limits.
func (r *Registry) Policies(ctx context.Context) ([]Policy, error) {
	kept, err := r.List(ctx, KindLimit, Range{})
	if err != nil {
		return nil, err
	}
	tills, err := r.Tills(ctx)
	if err != nil {
		return nil, err
	}
	of := map[pos.MerchantID][]Kept{}
	for _, k := range kept {
		of[k.Owner()] = append(of[k.Owner()], k)
	}
	var list []Policy
	for i := range tills {
		if d := documentFor(of[tills[i].Merchant], tills[i].Till); d != nil && tills[i].Enabled {
			list = append(list, Policy{tills[i].Merchant, tills[i].Till, d})
		}
	}
	return list, nil
}

// documentFor is the policy of a till, nil for none.
func documentFor(limits []Kept, till pos.TillID) *policy.Document {
	var general, lifted *policy.Document
	for _, k := range limits {
		l := k.Thing.(*Limit)
		named := slices.Contains(l.Tills, till)
		switch {
		case !named && len(l.Tills) > 0:
		case !k.Enabled:
			if lifted == nil || lifted.Version < l.Version {
				lifted = l.Document()
				lifted.Limits, lifted.EndsAt = nil, 0
			}
		case named:
			return l.Document()
		default:
			general = l.Document()
		}
	}
	if general != nil {
		return general
	}
	return lifted
}
