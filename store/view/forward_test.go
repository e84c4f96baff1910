package view_test

import (
	"testing"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
)

// TestWhatThePlatformSaysOfFurtherTries is kept while the money is refused, and the card terminal's own numbers stay whatever comes.
func TestWhatThePlatformSaysOfFurtherTries(t *testing.T) {
	told := func(status pos.Status, key pos.OperationKey, left int) record.Body {
		d := &record.Decision{Status: status, Currency: "EUR", Code: "51", Text: "not enough money"}
		if left >= 0 {
			d.Again = &record.Again{TriesLeft: left, Deadline: 77}
		}
		return &record.PlatformResult{Payment: id, N: 1, Operation: key, Decision: d}
	}
	collect := func(key pos.OperationKey) record.Body {
		return &record.Operation{Payment: id, Key: key, What: pos.Capture, Amount: 1000, Currency: "EUR", Tender: pos.Card, Mode: pos.Online}
	}
	refused := []record.Body{intent(), result(pos.ApprovedOffline, 1000), confirmed(), told(pos.ForwardDeclined, "", 3)}
	for name, c := range map[string]struct {
		more   []record.Body
		status pos.Status
		left   int // -1 for nothing said
	}{
		"refused":                        {nil, pos.ForwardDeclined, 3},
		"refused again":                  {[]record.Body{collect("a"), told(pos.ForwardDeclined, "a", 2)}, pos.ForwardDeclined, 2},
		"not tried, nothing new is said": {[]record.Body{collect("a"), told(pos.ForwardDeclined, "a", -1)}, pos.ForwardDeclined, 3},
		"collected by the back office":   {[]record.Body{told(pos.Captured, "", -1)}, pos.Captured, -1},
		"written off":                    {[]record.Body{told(pos.WrittenOff, "", -1)}, pos.WrittenOff, -1},
	} {
		p, _, err := story(t, append(append([]record.Body{}, refused...), c.more...)...)
		if err != nil {
			t.Fatal(name, err)
		}
		left := -1
		if p.Again != nil {
			left = p.Again.TriesLeft
		}
		if p.Status != c.status || left != c.left || p.Decision.Amount != 1000 {
			t.Errorf("%s: %s, %d tries left, decision %+v", name, p.Status, left, p.Decision)
		}
	}
}
