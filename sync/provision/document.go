package provision

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/policy"
)

// Document is a configuration. It replaces the one before as a whole: what it leaves out is as the till's own file says.
type Document struct {
	Till    pos.TillID        `cbor:"till" json:"till"`
	Version uint64            `cbor:"version" json:"version"` // from 1; a till keeps the highest that it has seen
	At      int64             `cbor:"at" json:"at"`           // the platform's clock, milliseconds since 1970-01-01 UTC
	Shop    *Shop             `cbor:"shop,omitempty" json:"shop,omitempty"`
	Hotlist *policy.Hotlist   `cbor:"hotlist,omitempty" json:"hotlist,omitempty"` // counts where it is newer than the policy's own
	Codes   *Codes            `cbor:"codes,omitempty" json:"codes,omitempty"`     // whose payment codes are whose
	Values  map[string]string `cbor:"values,omitempty" json:"values,omitempty"`   // for the shop's own programs
}

// Shop is what screens and receipts call the shop.
type Shop struct {
	Name      string   `cbor:"name,omitempty" json:"name,omitempty"`
	Address   string   `cbor:"address,omitempty" json:"address,omitempty"`     // lines are separated by line feeds
	Languages []string `cbor:"languages,omitempty" json:"languages,omitempty"` // BCP 47 tags that the screens offer, the shop's first; none: as the till's file says
}

// The bounds of a document. It has to fit into one message.
const (
	MaxText   = 500 // bytes of a name, an address or a value
	MaxValues = 64
	MaxCards  = 500 // of the hotlist
)

// Check says whether the document makes sense; who it is for and who signed it is the caller's question.
func (d *Document) Check() error {
	if d.Version < 1 {
		return errors.New("the version is not above 0")
	}
	if len(d.Values) > MaxValues {
		return fmt.Errorf("%d values, more than %d", len(d.Values), MaxValues)
	}
	for name, value := range d.Values {
		if name == "" || !short(name) || !short(value) {
			return fmt.Errorf("value %q: a name and a text of at most %d bytes", name, MaxText)
		}
	}
	if h := d.Hotlist; h != nil && (h.MaxAge <= 0 || h.Version < 1 || len(h.Cards) > MaxCards) {
		return fmt.Errorf("a hotlist needs a version and max_age_s above 0, and names at most %d cards", MaxCards)
	}
	if err := d.Codes.check(); err != nil {
		return err
	}
	return d.Shop.check()
}

func (s *Shop) check() error {
	if s == nil {
		return nil
	}
	if !short(s.Name) || !short(s.Address) {
		return fmt.Errorf("the shop's name or address is longer than %d bytes", MaxText)
	}
	for _, language := range s.Languages {
		if language != "en" && language != "zh-CN" {
			return fmt.Errorf("%q is not a language of the screens (en, zh-CN)", language)
		}
	}
	return nil
}

func short(text string) bool { return len(text) <= MaxText && utf8.ValidString(text) }
