package registry

import (
	"bytes"
	"context"
	"encoding/json"
	"time"

	"github.com/tillproof/tillproof/pos"
)

// Kind says what a thing is.
type Kind string

// The kinds of things.
const (
	KindMerchant Kind = "merchant"
	KindStore    Kind = "store"
	KindTill     Kind = "till"
	KindTerminal Kind = "terminal"
	KindAccount  Kind = "account"
	KindLimit    Kind = "limit"
	KindFee      Kind = "fee"
	KindSettings Kind = "settings"
	KindPerson   Kind = "person"
)

// Blank is an empty thing of the kind, to decode into; nil for a kind that is none.
func (k Kind) Blank() Thing {
	switch k {
	case KindMerchant:
		return &Merchant{}
	case KindStore:
		return &Store{}
	case KindTill:
		return &Till{}
	case KindTerminal:
		return &Terminal{}
	case KindAccount:
		return &Account{}
	case KindLimit:
		return &Limit{}
	case KindFee:
		return &FeeRule{}
	case KindSettings:
		return &Settings{}
	case KindPerson:
		return &Person{}
	}
	return nil
}

// Thing is what the registry keeps: a *Merchant, *Store, *Till, *Terminal, *Account, *Limit, *FeeRule, *Settings or *Person.
type Thing interface {
	// Kind says what it is.
	Kind() Kind
	// Key tells it from others of its kind. It never changes.
	Key() string
	// Owner is the merchant that it belongs to, "" for what belongs to none.
	Owner() pos.MerchantID
	// check says whether it makes sense by itself.
	check() error
	// fit says whether it makes sense beside the others, and fills in what follows from them. before is what it replaces, nil when it is new.
	fit(ctx context.Context, e *edit, before Thing) error
}

// Kept is a thing as the registry keeps it.
type Kept struct {
	Thing
	Revision  uint64 // from 1; counts the changes
	Enabled   bool
	AddedAt   int64 // milliseconds since 1970-01-01 UTC
	UpdatedAt int64 // the same
	origin    string
}

// MarshalJSON writes the thing's own members, and behind them enabled, revision, added_at and updated_at.
func (k *Kept) MarshalJSON() ([]byte, error) {
	own, err := json.Marshal(k.Thing)
	if err != nil {
		return nil, err
	}
	about, err := json.Marshal(struct {
		Enabled   bool   `json:"enabled"`
		Revision  uint64 `json:"revision"`
		AddedAt   string `json:"added_at"`
		UpdatedAt string `json:"updated_at"`
	}{k.Enabled, k.Revision, stamp(k.AddedAt), stamp(k.UpdatedAt)})
	if err != nil {
		return nil, err
	}
	return bytes.Join([][]byte{bytes.TrimSuffix(own, []byte("}")), about[1:]}, []byte(",")), nil
}

// stamp is a time as JSON shows it.
func stamp(ms int64) string { return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z") }
