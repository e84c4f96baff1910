package settle

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/sync/platform/database"
	"github.com/tillproof/tillproof/sync/platform/registry"
	"github.com/tillproof/tillproof/sync/reconcile"
)

// who is what is known of tills, terminals and merchants.
type who struct {
	keys      map[pos.TillID][]cose.PublicKey
	owners    map[pos.TillID]pos.MerchantID
	zones     map[pos.MerchantID]*time.Location
	usual     *time.Location
	terminals map[string]registry.Terminal
	cuts      map[lastTrusted]bool // where the records of revoked keys end
	agreed    *reconcile.Registry
}

// register puts configuration and register together.
func (s *Source) register(ctx context.Context) (*who, error) {
	w := &who{keys: s.Keys, owners: map[pos.TillID]pos.MerchantID{}, zones: map[pos.MerchantID]*time.Location{}, usual: cmp.Or(s.Zone, time.UTC),
		terminals: map[string]registry.Terminal{}}
	for till, merchant := range s.Owners {
		w.owners[till] = merchant
	}
	if s.Registry == nil {
		return w, nil
	}
	w.agreed = &reconcile.Registry{Tills: map[pos.TillID]reconcile.Enrolled{}, Currency: map[pos.MerchantID]map[pos.Currency]bool{}}
	for _, read := range []func(context.Context, *registry.Registry) error{w.tills, w.merchants, w.numbers} {
		if err := read(ctx, s.Registry); err != nil {
			return nil, err
		}
	}
	if err := errors.Join(w.issued(ctx, s.DB), w.revoked(ctx, s.DB)); err != nil {
		return nil, err
	}
	fees, err := w.fees(ctx, s.Registry)
	w.agreed.Fee = fees
	return w, err
}

func (w *who) tills(ctx context.Context, r *registry.Registry) error {
	keys := map[pos.TillID][]cose.PublicKey{}
	for till, list := range w.keys {
		keys[till] = list
		w.agreed.Tills[till] = reconcile.Enrolled{Merchant: w.owners[till]}
	}
	tills, err := r.Tills(ctx)
	for _, t := range tills {
		if len(t.PublicKey) > 0 {
			keys[t.Till] = append(keys[t.Till], cose.PublicKey(t.PublicKey))
		}
		w.owners[t.Till] = t.Merchant
		w.agreed.Tills[t.Till] = reconcile.Enrolled{Merchant: t.Merchant}
	}
	w.keys = keys
	return err
}

// issued reads the keys that enrolments have tied to tills' names, where there are such.
func (w *who) issued(ctx context.Context, db *database.DB) error {
	there, err := db.Has(ctx, "pki_tills", "public")
	if err != nil || !there {
		return err
	}
	type key struct {
		till   pos.TillID
		public []byte
	}
	scan := func(row database.Scanner) (k key, err error) { return k, row.Scan(&k.till, &k.public) }
	for k, err := range database.Each(ctx, db, scan, "SELECT till, public FROM pki_tills ORDER BY till, public") {
		if err != nil {
			return err
		}
		if w.keys == nil {
			w.keys = map[pos.TillID][]cose.PublicKey{}
		}
		w.keys[k.till] = append(w.keys[k.till], k.public)
	}
	return nil
}

// lastTrusted is the last record of a till that a revoked key is trusted for.
type lastTrusted struct {
	till  pos.TillID
	epoch pos.Epoch
	seq   pos.Seq
}

func (w *who) cut(till pos.TillID, epoch pos.Epoch, seq pos.Seq) bool {
	return w.cuts[lastTrusted{till, epoch, seq}]
}

// revoked reads where the records of revoked keys end, where there are such.
func (w *who) revoked(ctx context.Context, db *database.DB) error {
	there, err := db.Has(ctx, "pki_revoked", "epoch")
	if err != nil || !there {
		return err
	}
	scan := func(row database.Scanner) (l lastTrusted, err error) {
		var epoch []byte
		if err = row.Scan(&l.till, &epoch, &l.seq); err == nil {
			copy(l.epoch[:], epoch)
		}
		return l, err
	}
	w.cuts = map[lastTrusted]bool{}
	for l, err := range database.Each(ctx, db, scan, "SELECT till, epoch, seq FROM pki_revoked") {
		if err != nil {
			return err
		}
		w.cuts[l] = true
	}
	return nil
}

func (w *who) merchants(ctx context.Context, r *registry.Registry) error {
	kept, err := r.List(ctx, registry.KindMerchant, registry.Range{})
	for _, k := range kept {
		m, is := k.Thing.(*registry.Merchant)
		if !is {
			continue
		}
		if zone, err := time.LoadLocation(m.Timezone); err == nil && m.Timezone != "" {
			w.zones[m.Merchant] = zone
		}
		if m.Currency != "" {
			w.agreed.Currency[m.Merchant] = map[pos.Currency]bool{m.Currency: true}
		}
	}
	return err
}

// numbers reads terminals and the shops' numbers. Where nothing at all is registered nothing is compared.
func (w *who) numbers(ctx context.Context, r *registry.Registry) error {
	terminals, err := r.Terminals(ctx)
	if err != nil {
		return err
	}
	for _, t := range terminals {
		if w.agreed.Terminals == nil {
			w.agreed.Terminals = map[string]reconcile.Terminal{}
		}
		w.terminals[t.TerminalID] = t
		w.agreed.Terminals[t.TerminalID] = reconcile.Terminal{Till: t.Till, Acquirer: t.Acquirer, MerchantID: t.MerchantID}
		w.number(t.Acquirer, t.MerchantID, t.Merchant)
	}
	accounts, err := r.Accounts(ctx)
	for _, a := range accounts {
		w.number(a.Acquirer, a.MerchantID, a.Merchant)
	}
	return err
}

func (w *who) number(acquirer, number string, merchant pos.MerchantID) {
	if number == "" {
		return
	}
	if w.agreed.Numbers == nil {
		w.agreed.Numbers = map[string]map[string]pos.MerchantID{}
	}
	if w.agreed.Numbers[acquirer] == nil {
		w.agreed.Numbers[acquirer] = map[string]pos.MerchantID{}
	}
	w.agreed.Numbers[acquirer][number] = merchant
}

// fees reads the rules of all merchants, for the check of each payment.
func (w *who) fees(ctx context.Context, r Fees) (func(*reconcile.Payment, pos.Money) (pos.Minor, bool), error) {
	rules := map[pos.MerchantID][]registry.FeeRule{}
	for _, merchant := range w.owners {
		if _, known := rules[merchant]; known {
			continue
		}
		list, err := r.FeeRules(ctx, merchant)
		if err != nil {
			return nil, err
		}
		rules[merchant] = list
	}
	return func(p *reconcile.Payment, paid pos.Money) (pos.Minor, bool) {
		rule := RuleFor(rules[p.Merchant], Charge{Acquirer: p.Acquirer, Scheme: p.Scheme, Brand: p.Brand, Money: paid, Day: p.Day})
		if rule == nil {
			return 0, false
		}
		fee, err := Fee(rule, paid.Amount)
		return fee, err == nil
	}, nil
}

// zone is that of a till's merchant.
func (w *who) zone(till pos.TillID) *time.Location {
	return cmp.Or(w.zones[w.owners[till]], w.usual)
}

// assign says at which acquirer a payment's money lies: where it was begun, else who takes its scheme, else whose card terminal it was.
func (w *who) assign(p *reconcile.Payment, begun map[pos.PaymentID]string, schemes map[string]string) {
	switch p.Tender {
	case pos.Card:
		p.Acquirer = cmp.Or(begun[p.ID], w.terminals[p.TerminalID].Acquirer)
	case pos.Code, pos.QR:
		p.Acquirer = cmp.Or(begun[p.ID], schemes[p.Scheme], schemes["*"])
	}
}
