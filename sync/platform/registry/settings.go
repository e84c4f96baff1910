package registry

import (
	"context"
	"fmt"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/policy"
	"github.com/tillproof/tillproof/sync/provision"
)

// Settings are what the platform configures tills to, beside what their own files say. Those of a till take the place of its merchant's.
type Settings struct {
	Merchant pos.MerchantID    `json:"merchant"`
	Till     pos.TillID        `json:"till,omitempty"` // "" for all tills of the merchant
	Version  uint64            `json:"version"`        // set by the registry: grows with every change, above those of all settings of the merchant
	Shop     *provision.Shop   `json:"shop,omitempty"`
	Hotlist  *policy.Hotlist   `json:"hotlist,omitempty"`
	Codes    *provision.Codes  `json:"codes,omitempty"`  // whose payment codes are whose, where the till's own table is older
	Values   map[string]string `json:"values,omitempty"` // for programs of the shop; a till shows them and uses none
}

// Kind implements [Thing].
func (*Settings) Kind() Kind { return KindSettings }

// Key implements [Thing]: the till, or merchant/all for all of a merchant.
func (s *Settings) Key() string {
	if s.Till != "" {
		return string(s.Till)
	}
	return string(s.Merchant) + "/all"
}

// Owner implements [Thing].
func (s *Settings) Owner() pos.MerchantID { return s.Merchant }

func (s *Settings) check() error {
	if _, err := pos.ParseMerchantID(string(s.Merchant)); err != nil {
		return err
	}
	return s.Document().Check()
}

// Document is the configuration that a till is sent; its till and time are the caller's to fill in.
func (s *Settings) Document() *provision.Document {
	return &provision.Document{Version: max(s.Version, 1), Shop: s.Shop, Hotlist: s.Hotlist, Codes: s.Codes, Values: s.Values}
}

func (s *Settings) fit(ctx context.Context, e *edit, before Thing) error {
	if err := e.needs(ctx, KindMerchant, string(s.Merchant)); err != nil {
		return err
	}
	if s.Till != "" {
		till, found, err := e.get(ctx, KindTill, string(s.Till))
		if err != nil {
			return err
		}
		if !found || till.Owner() != s.Merchant {
			return errInvalid(fmt.Errorf("merchant %s has no till %q", s.Merchant, s.Till))
		}
	}
	if was, ok := before.(*Settings); ok {
		if s.Version = was.Version; same(was, s) {
			return nil
		}
	}
	return s.raise(ctx, e)
}

// raise gives the settings a version above all of the merchant: a till keeps the highest that it has seen.
func (s *Settings) raise(ctx context.Context, e *edit) error {
	all, err := e.list(ctx, KindSettings, s.Merchant)
	s.Version = 1
	for _, k := range all {
		s.Version = max(s.Version, k.Thing.(*Settings).Version+1)
	}
	return err
}

// Configuration is what one till is to be sent.
type Configuration struct {
	Merchant pos.MerchantID
	Till     pos.TillID
	Document *provision.Document // without till and time
}

// Configurations lists what each till is to be sent, in the order of till ids; none for tills that nothing was ever said of. Disabled settings say
// nothing, under a version of their own.
func (r *Registry) Configurations(ctx context.Context) (list []Configuration, err error) {
	kept, err := r.List(ctx, KindSettings, Range{})
	if err != nil {
		return nil, err
	}
	of := map[string]*Kept{}
	for i := range kept {
		of[kept[i].Key()] = &kept[i]
	}
	tills, err := r.Tills(ctx)
	for i := range tills {
		t := &tills[i]
		if d := settingsFor(of[string(t.Till)], of[string(t.Merchant)+"/all"]); d != nil && t.Enabled {
			list = append(list, Configuration{t.Merchant, t.Till, d})
		}
	}
	return list, err
}

// settingsFor takes a till's own settings before its merchant's. The version is the higher one of both, so that it grows whichever of them changes.
func settingsFor(own, general *Kept) *provision.Document {
	d := &provision.Document{}
	for _, k := range []*Kept{general, own} {
		if k == nil {
			continue
		}
		version := max(d.Version, k.Thing.(*Settings).Version)
		if k.Enabled {
			d = k.Thing.(*Settings).Document()
		}
		d.Version = version
	}
	if d.Version == 0 {
		return nil
	}
	return d
}
