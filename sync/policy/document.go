package policy

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/tillproof/tillproof/pos"
)

// Choice says what happens to a sale of a tender that the policy covers while the platform is away.
type Choice string

// The choices. A sale may name its own; the policy's is for the others.
const (
	RequireOnline Choice = "require_online" // refuse
	Ask           Choice = "ask"            // refuse until the cashier has agreed to this one sale
	Allow         Choice = "allow"          // within the limits
)

// Known says whether c is one of the choices.
func (c Choice) Known() bool { return c == RequireOnline || c == Ask || c == Allow }

// Document is a policy. It holds for one life of one till's journal, so that wiping the journal cannot reset what was used. Later versions replace
// earlier ones.
type Document struct {
	Till     pos.TillID   `cbor:"1,keyasint" json:"till" yaml:"till"`
	Epoch    pos.Epoch    `cbor:"2,keyasint" json:"epoch" yaml:"epoch"`
	Version  uint64       `cbor:"3,keyasint" json:"version" yaml:"version"`                               // from 1
	IssuedAt int64        `cbor:"4,keyasint" json:"issued_at" yaml:"issued_at"`                           // milliseconds since 1970-01-01 UTC
	EndsAt   int64        `cbor:"5,keyasint,omitempty" json:"ends_at,omitempty" yaml:"ends_at,omitempty"` // 0: it holds until it is replaced
	Currency pos.Currency `cbor:"6,keyasint" json:"currency" yaml:"currency"`                             // of all amounts in it
	Default  Choice       `cbor:"7,keyasint" json:"default" yaml:"default"`
	Limits   []Limit      `cbor:"8,keyasint" json:"limits" yaml:"limits"`
	Hotlist  *Hotlist     `cbor:"9,keyasint,omitempty" json:"hotlist,omitempty" yaml:"hotlist,omitempty"`
}

// Limit bounds what is taken by some tenders together. A bound of 0 is none.
type Limit struct {
	Tenders   []pos.Tender `cbor:"1,keyasint" json:"tenders" yaml:"tenders"`
	MaxAmount pos.Minor    `cbor:"2,keyasint,omitempty" json:"max_amount,omitempty" yaml:"max_amount,omitempty"` // of one sale
	MaxTotal  pos.Minor    `cbor:"3,keyasint,omitempty" json:"max_total,omitempty" yaml:"max_total,omitempty"`   // of all that the platform does not hold
	MaxCount  int64        `cbor:"4,keyasint,omitempty" json:"max_count,omitempty" yaml:"max_count,omitempty"`   // of the same
	MaxAge    int64        `cbor:"5,keyasint,omitempty" json:"max_age_s,omitempty" yaml:"max_age_s,omitempty"`   // seconds since the oldest of them
	MaxAway   int64        `cbor:"6,keyasint,omitempty" json:"max_away_s,omitempty" yaml:"max_away_s,omitempty"` // seconds since the platform was heard
	PerCard   *PerCard     `cbor:"7,keyasint,omitempty" json:"per_card,omitempty" yaml:"per_card,omitempty"`     // where a reader tells cards apart
}

// PerCard bounds what one card may do within a time.
type PerCard struct {
	Count  int64     `cbor:"1,keyasint,omitempty" json:"count,omitempty" yaml:"count,omitempty"`
	Amount pos.Minor `cbor:"2,keyasint,omitempty" json:"amount,omitempty" yaml:"amount,omitempty"`
	Window int64     `cbor:"3,keyasint" json:"window_s" yaml:"window_s"` // seconds
}

// Hotlist names cards that are not taken, by the same keyed hash that a reader's sale carries. A list that is too old is none to rely on.
type Hotlist struct {
	Version  uint64     `cbor:"1,keyasint" json:"version" yaml:"version"`
	IssuedAt int64      `cbor:"2,keyasint" json:"issued_at" yaml:"issued_at"` // milliseconds since 1970-01-01 UTC
	MaxAge   int64      `cbor:"3,keyasint" json:"max_age_s" yaml:"max_age_s"` // seconds
	Cards    []CardHash `cbor:"4,keyasint" json:"cards" yaml:"cards"`
}

// CardHash is a keyed hash of what a reader tells of a card. Zero says that nothing is known of the card.
type CardHash [16]byte

// MarshalText writes 32 lower-case hex digits.
func (c CardHash) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, c[:]), nil }

// UnmarshalText reads 32 hex digits.
func (c *CardHash) UnmarshalText(text []byte) error {
	b, err := hex.DecodeString(string(text))
	if err != nil || len(b) != len(c) {
		return fmt.Errorf("%q is not a card hash of 32 hex digits", text)
	}
	*c = CardHash(b)
	return nil
}

// mostLimits bounds a document.
const mostLimits = 32

// Check says whether the document makes sense; who it is for and who signed it is the caller's question.
func (d *Document) Check() error {
	switch {
	case d.Version < 1:
		return errors.New("the version is not above 0")
	case !d.Currency.Known():
		return fmt.Errorf("%q is not a currency", d.Currency)
	case !d.Default.Known():
		return fmt.Errorf("%q is not require_online, ask or allow", d.Default)
	case len(d.Limits) > mostLimits:
		return fmt.Errorf("%d limits, more than %d", len(d.Limits), mostLimits)
	}
	for _, l := range d.Limits {
		if err := l.check(); err != nil {
			return err
		}
	}
	if h := d.Hotlist; h != nil && (h.MaxAge <= 0 || h.Version < 1) {
		return errors.New("a hotlist needs a version and max_age_s above 0")
	}
	return nil
}

func (l *Limit) check() error {
	if len(l.Tenders) == 0 {
		return errors.New("a limit names no tender")
	}
	for _, t := range l.Tenders {
		if t != pos.Cash && t != pos.Card && t != pos.QR {
			return fmt.Errorf("%q is not a tender that is taken without the platform (cash, card, qr)", t)
		}
	}
	if l.MaxAmount < 0 || l.MaxTotal < 0 || l.MaxCount < 0 || l.MaxAge < 0 || l.MaxAway < 0 {
		return errors.New("a limit is below 0")
	}
	if p := l.PerCard; p != nil && (p.Count < 0 || p.Amount < 0 || p.Window <= 0) {
		return errors.New("per_card needs window_s above 0 and bounds not below 0")
	}
	return nil
}

// Covers says whether a tender is limited at all.
func (d *Document) Covers(t pos.Tender) bool {
	return slices.ContainsFunc(d.Limits, func(l Limit) bool { return slices.Contains(l.Tenders, t) })
}
