package engine

import (
	"cmp"
	"maps"
	"slices"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
)

// otherBrand is where a terminal counts cards that it does not name.
const otherBrand = "other"

// mostDifferences is how many differences one settlement names: they have to fit into one record.
const mostDifferences = 32

// gap is by how much the terminal's totals are above the journal's.
type gap struct {
	amount pos.Minor
	count  int
	full   bool // the terminal's counter has stopped: only the amount says something
	back   int  // refunds in the journal: some terminals count them, others do not
}

// none says whether the two agree.
func (g gap) none() bool {
	return g.amount == 0 && (g.full || g.count == 0 || g.back > 0 && g.count == g.back)
}

// compare holds the terminal's totals against the journal's over the same range. Where an earlier settlement is unknown and was not carried out after all,
// the terminal tells both ranges together: if that agrees, this one covers it too.
func (p *settling) compare(step *record.Settlement) error {
	own, err := p.engine.slipsOf(p.device, step.After, p.through)
	if err != nil {
		return err
	}
	if step.Journal = own.sums(); step.Terminal == nil {
		return nil // it settles by itself: there is nothing to hold against
	}
	step.Differences = differences(step.Terminal, own)
	lost := p.engine.journal.Views().Till().Devices[p.device].Lost
	if lost == nil || len(step.Differences) == 0 {
		return nil
	}
	both, err := p.engine.slipsOf(p.device, *lost, p.through)
	if err == nil && len(differences(step.Terminal, both)) == 0 {
		step.After, step.Journal, step.Differences = *lost, both.sums(), nil
		step.Text = "The settlement before, whose totals were lost, had not been carried out: this one covers it too."
	}
	return err
}

// differences names why the terminal's totals and the journal's are not the same; it is empty when they agree.
func differences(t *record.TerminalTotals, own slips) []record.DayDifference {
	var list []record.DayDifference
	for _, s := range own {
		if amount, _ := s.counts(); amount != 0 && s.currency() != t.Currency {
			list = append(list, otherCurrency(s, t.Currency))
		}
	}
	own = slices.DeleteFunc(slices.Clone(own), func(s slip) bool { return s.currency() != t.Currency })
	names, gaps := brandGaps(t, own)
	list = append(list, otherBrands(gaps, t, own, names)...)
	for _, brand := range slices.Sorted(maps.Keys(gaps)) {
		if g := gaps[brand]; !g.none() {
			if own.below(brand, t) {
				list = append(list, belowZero(brand))
				continue
			}
			list = append(list, explainerOf(brand, t, own, names).explain(g)...)
		}
	}
	return list[:min(len(list), mostDifferences)]
}

// otherBrands names payments that the terminal counts under another brand than the journal, and takes their gaps out: no money is missing.
func otherBrands(gaps map[string]gap, t *record.TerminalTotals, own slips, names map[string]string) []record.DayDifference {
	var list []record.DayDifference
	for _, from := range slices.Sorted(maps.Keys(gaps)) {
		for _, to := range slices.Sorted(maps.Keys(gaps)) {
			if gaps[from].amount >= 0 || gaps[to].amount <= 0 || !gaps[from].with(gaps[to]).none() {
				continue
			}
			if moved := explainerOf(from, t, own, names).moved(gaps[from], to); moved != nil {
				list = append(list, *moved)
				delete(gaps, from)
				delete(gaps, to)
			}
		}
	}
	return list
}

func explainerOf(brand string, t *record.TerminalTotals, own slips, names map[string]string) *explainer {
	return &explainer{brand: brand, terminal: t, slips: slices.DeleteFunc(slices.Clone(own), func(s slip) bool { return !s.fits(brand, names) })}
}

// fits says whether a transaction may stand behind a gap of a brand. One that the journal does not count may have any, unless the terminal named it.
func (s slip) fits(brand string, names map[string]string) bool {
	if _, count := s.counts(); count == 0 && s.brand() == otherBrand {
		return true
	}
	return brand == "" || cmp.Or(names[s.brand()], s.brand()) == brand
}

// brandGaps compares brand by brand. names says under which brand the terminal seems to count a brand that it does not tell by its own name.
func brandGaps(t *record.TerminalTotals, own slips) (names map[string]string, gaps map[string]gap) {
	names, gaps = map[string]string{}, map[string]gap{}
	if len(t.Brands) == 0 && t.Amount != 0 { // it tells no brands at all
		gaps[""] = own.against(t, "")
		return names, gaps
	}
	told := map[string]bool{}
	for _, b := range t.Brands {
		told[b.Brand] = true
		gaps[b.Brand] = own.against(t, b.Brand)
	}
	for _, brand := range own.brands() {
		if gaps[brand] = own.against(t, brand); !told[brand] {
			if host := host(brand, gaps); host != "" {
				names[brand] = host
				gaps[host] = gaps[host].with(gaps[brand])
				delete(gaps, brand)
			}
		}
	}
	return names, gaps
}

// against is the gap of one brand, or of all for "".
func (l slips) against(t *record.TerminalTotals, brand string) gap {
	var g gap
	for _, b := range t.Brands {
		if b.Brand == brand {
			g = gap{amount: g.amount + b.Amount, count: g.count + b.Count, full: g.full || b.Full}
		}
	}
	if brand == "" {
		g.amount, g.full = t.Amount, true
	}
	for _, s := range l {
		if brand != "" && s.brand() != brand {
			continue
		}
		amount, count := s.counts()
		g.amount, g.count = g.amount-amount, g.count-count
		if amount < 0 && count == 0 {
			g.back++
		}
	}
	return g
}

func (g gap) with(o gap) gap {
	return gap{amount: g.amount + o.amount, count: g.count + o.count, full: g.full || o.full, back: g.back + o.back}
}

// below says whether more went back by a brand than came, which a terminal without signs tells as nothing (PA00P015, BMP 60).
func (l slips) below(brand string, t *record.TerminalTotals) bool {
	g := l.against(t, brand)
	var own pos.Minor
	for _, s := range l {
		if amount, _ := s.counts(); brand == "" || s.brand() == brand {
			own += amount
		}
	}
	return own < 0 && g.amount == -own
}

// brands lists the brands that the journal counts.
func (l slips) brands() []string {
	seen := map[string]bool{}
	for _, s := range l {
		if amount, count := s.counts(); amount != 0 || count != 0 {
			seen[s.brand()] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

// host finds the brand under which the terminal counts one that it does not name: the brand's family or the rest, whichever has so much to spare.
func host(brand string, gaps map[string]gap) string {
	missing := gaps[brand]
	for _, exact := range []bool{true, false} {
		for _, candidate := range []string{family(brand), otherBrand} {
			g, told := gaps[candidate]
			if !told || candidate == brand {
				continue
			}
			if rest := g.with(missing); rest.none() || !exact && rest.amount >= 0 && rest.count >= 0 {
				return candidate
			}
		}
	}
	return ""
}

// family is the brand whose counter a card may be in, "" for none (PA00P015, BMP 60: the terminal counts seven groups).
func family(brand string) string {
	switch brand {
	case "visa_electron", "v_pay":
		return "visa"
	case "maestro":
		return "mastercard"
	case "discover":
		return "diners"
	case "elv", "geldkarte":
		return "girocard"
	}
	return ""
}
