package registry

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tillproof/tillproof/pos"
)

// FeeRule says what an acquirer charges a merchant for a payment. Of several rules the one counts that names most; of those the latest.
type FeeRule struct {
	ID       string         `json:"id"` // [a-z0-9-], 3 to 32; unique over all merchants
	Merchant pos.MerchantID `json:"merchant"`
	Acquirer string         `json:"acquirer"`
	Scheme   string         `json:"scheme,omitempty"` // of codes and QRs; "" for all
	Brand    string         `json:"brand,omitempty"`  // of cards; "" for all

	BasisPoints100 int64        `json:"basis_points_100"` // hundredths of a basis point: 12500 is 1.25 %
	Fixed          pos.Minor    `json:"fixed"`            // added to it, minor units of Currency
	Min            pos.Minor    `json:"min,omitempty"`    // at least so much, minor units; 0 for no bound
	Max            pos.Minor    `json:"max,omitempty"`    // at most so much; 0 for no bound
	Currency       pos.Currency `json:"currency"`         // of the payments that it is for
	From           string       `json:"from"`             // YYYY-MM-DD, the first business day that it is for
}

// Kind implements [Thing].
func (*FeeRule) Kind() Kind { return KindFee }

// Key implements [Thing].
func (f *FeeRule) Key() string { return f.ID }

// Owner implements [Thing].
func (f *FeeRule) Owner() pos.MerchantID { return f.Merchant }

// wholeFee is 100 % in hundredths of a basis point.
const wholeFee = 1_000_000

func (f *FeeRule) check() error {
	switch _, err := time.Parse(time.DateOnly, f.From); {
	case err != nil:
		return fmt.Errorf("from %q is not a date such as 2026-03-01", f.From)
	case f.Scheme != "" && f.Brand != "":
		return errors.New("scheme and brand exclude each other: a scheme is of codes and QRs, a brand of cards")
	case f.BasisPoints100 < 0 || f.BasisPoints100 > wholeFee:
		return fmt.Errorf("basis_points_100 %d is not between 0 and %d", f.BasisPoints100, wholeFee)
	case min(f.Fixed, f.Min, f.Max) < 0 || max(f.Fixed, f.Min, f.Max) > pos.MaxAmount:
		return errors.New("fixed, min and max are amounts from 0")
	case f.Max > 0 && f.Max < f.Min:
		return errors.New("max is below min")
	case !f.Currency.Known():
		return fmt.Errorf("%q is not a currency", f.Currency)
	}
	return errors.Join(checkName("id", f.ID), checkName("acquirer", f.Acquirer), checkText("scheme", f.Scheme), checkText("brand", f.Brand))
}

func (f *FeeRule) fit(ctx context.Context, e *edit, _ Thing) error {
	return e.needs(ctx, KindMerchant, string(f.Merchant))
}

// FeeRules lists the rules that count for a merchant, in the order of their ids.
func (r *Registry) FeeRules(ctx context.Context, merchant pos.MerchantID) ([]FeeRule, error) {
	return enabled[*FeeRule](ctx, r, KindFee, merchant)
}
