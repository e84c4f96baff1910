package settle

import (
	"strings"
	"testing"
)

// testPAN is a well-known test number.
const testPAN = "4111111111111111"

func TestAStatementWithCardNumbersIsRefused(t *testing.T) {
	mapping := func(more string) *Mapping {
		m, err := ReadMapping([]byte("acquirer: bank\nheader: 1\ndate: YYYY-MM-DD\nconstants: {kind: payment, currency: EUR, tender: card}\n"+
			"columns: {transaction: id, amount: sum, date: day}\n"+more), "")
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	const head = "id,day,sum,card\n"
	for text, refused := range map[string]bool{
		head + "1,2026-11-22,1.00,411111******1111\n":          false,
		head + "1,2026-11-22,1.00," + testPAN + "\n":           true,
		head + "1,2026-11-22,1.00,4111 1111 1111 1111\n":       true,
		head + "1,2026-11-22,1.00,4111111111111112\n":          false, // another check digit
		head + testPAN + ",2026-11-22,1.00,\n":                 false, // the acquirer's own number
		head + "1,2026-11-22,1.00,card " + testPAN + " JANE\n": true,
		head + "1,2026-11-22,1.00,20261122183005\n":            false, // a time
		head + "1,2026-11-22,1.00,2026-11-22 18 30 00 12\n":    false,
		head + "1,2026-11-22,1.00,\n" + testPAN + "\n":         false, // stands where the acquirer's numbers do
	} {
		if err := withoutCards(strings.NewReader(text), mapping("")); (err != nil) != refused {
			t.Errorf("%q: %v", text, err)
		}
	}
	if err := withoutCards(strings.NewReader(head+"1,2026-11-22,1.00,"+testPAN+"\n"), mapping("numbers: [card]\n")); err != nil {
		t.Error(err)
	}
}
