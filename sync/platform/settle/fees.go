package settle

import (
	"context"
	"errors"
	"math/bits"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/platform/registry"
)

// Fees knows what is agreed with acquirers. The registry does.
type Fees interface {
	FeeRules(ctx context.Context, merchant pos.MerchantID) ([]registry.FeeRule, error)
}

// Charge is what a fee is asked for.
type Charge struct {
	Acquirer, Scheme, Brand string
	Money                   pos.Money
	Day                     string // YYYY-MM-DD
}

// RuleFor chooses the rule for a payment: of those that fit its acquirer, currency, scheme, brand and day the one that names a scheme or brand before one
// that does not; of those the one with the latest first day, and of those the one whose id comes first. nil when none fits.
func RuleFor(rules []registry.FeeRule, c Charge) *registry.FeeRule {
	var best *registry.FeeRule
	for i := range rules {
		r := &rules[i]
		fits := r.Acquirer == c.Acquirer && r.Currency == c.Money.Currency && r.From <= c.Day && (r.Scheme == "" || r.Scheme == c.Scheme) &&
			(r.Brand == "" || r.Brand == c.Brand)
		if fits && (best == nil || better(r, best)) {
			best = r
		}
	}
	return best
}

func better(a, b *registry.FeeRule) bool {
	named := func(r *registry.FeeRule) bool { return r.Scheme != "" || r.Brand != "" }
	switch {
	case named(a) != named(b):
		return named(a)
	case a.From != b.From:
		return a.From > b.From
	}
	return a.ID < b.ID
}

// errFee says that a fee leaves the range of amounts.
var errFee = errors.New("the fee is out of range")

// perUnit is what basis points times 100 are parts of.
const perUnit = 1_000_000

// Fee is what a rule keeps of one payment of an amount from 0: its share, rounded half up to a minor unit, plus the fixed part; then at least the minimum and
// at most the maximum, where there are such. Each payment is rounded by itself. A refund gives no fee back and costs none.
func Fee(r *registry.FeeRule, amount pos.Minor) (pos.Minor, error) {
	if amount < 0 || r.BasisPoints100 < 0 {
		return 0, errFee
	}
	high, low := bits.Mul64(uint64(amount), uint64(r.BasisPoints100))
	low, carry := bits.Add64(low, perUnit/2, 0)
	if high += carry; high >= perUnit {
		return 0, errFee
	}
	share, _ := bits.Div64(high, low, perUnit)
	if share > uint64(pos.MaxAmount) {
		return 0, errFee
	}
	fee := pos.Minor(share) + r.Fixed // both within MaxAmount
	if r.Max > 0 {
		fee = min(fee, r.Max)
	}
	return max(fee, r.Min), nil
}
