package wire

import (
	"fmt"

	"github.com/tillproof/tillproof/pos"
)

// foreignMap is the CBOR map of wire.cddl.
type foreignMap struct {
	Till       string     `cbor:"till"`
	Order      string     `cbor:"order"`
	Attempt    uint64     `cbor:"attempt"`
	Tender     pos.Tender `cbor:"tender"`
	Amount     int64      `cbor:"amount"`
	Returnable int64      `cbor:"returnable"`
}

func foreignToMap(f *Foreign) *foreignMap {
	if f == nil {
		return nil
	}
	return &foreignMap{Till: string(f.Till), Order: string(f.Order), Attempt: uint64(f.Attempt), Tender: f.Tender, Amount: int64(f.Amount),
		Returnable: int64(f.Returnable)}
}

// foreign checks what was told of another till's payment; nil when nothing was.
func (m *foreignMap) foreign() (*Foreign, error) {
	if m == nil {
		return nil, nil
	}
	till, err := pos.ParseTillID(m.Till)
	if err != nil {
		return nil, err
	}
	order, err := pos.ParseOrderRef(m.Order)
	if err != nil {
		return nil, err
	}
	f := &Foreign{Till: till, Order: order, Attempt: pos.Attempt(m.Attempt), Tender: m.Tender, Amount: pos.Minor(m.Amount), Returnable: pos.Minor(m.Returnable)}
	switch {
	case m.Attempt == 0 || m.Attempt > uint64(pos.MaxAttempt):
		return nil, fmt.Errorf("attempt %d is out of range", m.Attempt)
	case f.Returnable < 0 || f.Returnable > f.Amount || f.Amount > pos.MaxAmount:
		return nil, fmt.Errorf("%d of %d cannot go back", f.Returnable, f.Amount)
	}
	return f, nil
}
