package goods

import (
	"slices"
	"strings"

	"github.com/tillproof/tillproof/drivers/scanner/gs1"
	"github.com/tillproof/tillproof/pos"
)

// Item is one article.
type Item struct {
	Code    string    // as the list writes it
	Name    string    // for screen and receipt
	Price   pos.Money // of one piece or one kilogram; of a label that was found, the price of what lies there
	Group   string    // for the buttons of the screen, empty when the list has none
	Measure string    // of a label with a weight, such as "0.735 kg"; empty for all others
}

// Goods is a list of articles. It does not change, so any number of goroutines may use it.
type Goods struct {
	currency pos.Currency
	patterns []gs1.Pattern
	items    []Item
	places   map[string]int // by key
}

// Items returns all articles in the order of the file. The caller owns the slice.
func (g *Goods) Items() []Item { return slices.Clone(g.items) }

// Find looks up what was scanned or keyed: the code as the list writes it; a GTIN-8, -12, -13 or -14, which are equal when they differ
// by zeros before them; GS1 data, in any form that shows itself as such, by its GTIN; and a label of the shop's scales, when its
// pattern is configured. Of a label, the price is the one printed on it, or weight times price rounded half up to a minor unit. It finds
// nothing for a label whose check digit is wrong or whose price leaves what can be paid: such a code must be scanned again.
func (g *Goods) Find(code string) (Item, bool) {
	if r, err := gs1.Read(code); err == nil && r.Value("01") != "" {
		code = r.Value("01")
	}
	if at, ok := g.places[key(code)]; ok {
		return g.items[at], true
	}
	if gtin, ok := gs1.GTIN(strings.TrimSpace(code)); ok {
		if label, ok := gs1.ReadLabel(g.patterns, gtin[1:]); ok {
			return g.labelled(label)
		}
	}
	return Item{}, false
}

// key is what a code is found by: GTINs of all lengths as one of 14 digits.
func key(code string) string {
	code = strings.TrimSpace(code)
	if gtin, ok := gs1.GTIN(code); ok {
		return gtin
	}
	return code
}

// labelled finds the article of a label: by the code without its measure, or by the bare item number. Spreadsheets drop the zeros
// before a number, so that is tried too.
func (g *Goods) labelled(l gs1.Label) (Item, bool) {
	for _, code := range []string{l.Lookup, l.Item, strings.TrimLeft(l.Item, "0")} {
		if at, ok := g.places[key(code)]; ok && code != "" {
			return g.measured(g.items[at], l)
		}
	}
	return Item{}, false
}
