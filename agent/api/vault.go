package api

import (
	"bytes"
	"slices"

	"github.com/tillproof/tillproof/pos"
)

// Vault tells of the card data that wait for the acquirer's word.
type Vault struct {
	Entries int          `json:"entries" doc:"Offline approvals whose card data are kept, sealed, until the acquirer has answered"`
	Stuck   []StuckEntry `json:"stuck" doc:"Those that cannot be forwarded: nothing is lost, and somebody has to look at them"`
}

// StuckEntry is an entry that cannot be forwarded.
type StuckEntry struct {
	Payment pos.PaymentID `json:"payment"`
	Text    string        `json:"text"`
}

// vault is nil for a till without one.
func (s *server) vault() *Vault {
	state, has := s.Engine.VaultState()
	if !has {
		return nil
	}
	v := &Vault{Entries: state.Entries, Stuck: []StuckEntry{}}
	for id, text := range state.Stuck {
		v.Stuck = append(v.Stuck, StuckEntry{id, text})
	}
	slices.SortFunc(v.Stuck, func(a, b StuckEntry) int { return bytes.Compare(a.Payment[:], b.Payment[:]) })
	return v
}
