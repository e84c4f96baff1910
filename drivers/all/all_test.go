package all

import (
	"slices"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/drivers"
)

func TestDriversAreComplete(t *testing.T) {
	list := Drivers()
	if !slices.IsSortedFunc(list, func(a, b drivers.Driver) int { return strings.Compare(a.Name, b.Name) }) {
		t.Error("not in the order of names")
	}
	seen := map[string]bool{}
	for _, d := range list {
		if seen[d.Name] || d.Name == "" || d.Doc == "" || d.Line.Baud == 0 {
			t.Errorf("driver %q: twice, or without doc or line", d.Name)
		}
		if d.Kind == drivers.KindCard && d.NewCardTerminal == nil {
			t.Errorf("driver %q is a card terminal and makes none", d.Name)
		}
		seen[d.Name] = true
	}
}
