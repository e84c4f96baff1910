package pos

// Totals count money by tender and currency, as every report and check of the product writes it.
type Totals map[Tender]map[Currency]Sum

// Sum is a number of payments and what they add up to, in minor units.
type Sum struct {
	Count  int   `json:"count"`
	Amount Minor `json:"amount"`
}

// Add counts one payment of the tender. It fails, and leaves the totals as they were, when the sum would leave int64.
func (t Totals) Add(tender Tender, m Money) error {
	sum := t[tender][m.Currency]
	total, err := Money{sum.Amount, m.Currency}.Add(m)
	if err != nil {
		return err
	}
	if t[tender] == nil {
		t[tender] = map[Currency]Sum{}
	}
	t[tender][m.Currency] = Sum{Count: sum.Count + 1, Amount: total.Amount}
	return nil
}

// Equal says whether both count the same money. A sum of nothing equals an absent one.
func (t Totals) Equal(o Totals) bool { return t.within(o) && o.within(t) }

// within says whether every sum of t stands in o too.
func (t Totals) within(o Totals) bool {
	for tender, sums := range t {
		for currency, sum := range sums {
			if o[tender][currency] != sum {
				return false
			}
		}
	}
	return true
}
