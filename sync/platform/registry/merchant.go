package registry

import (
	"context"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/tillproof/tillproof/pos"
)

// Merchant is who owns tills and gets the money.
type Merchant struct {
	Merchant pos.MerchantID `json:"merchant"`
	Name     string         `json:"name,omitempty"`     // for people
	Currency pos.Currency   `json:"currency,omitempty"` // the usual one of its tills, "" when nobody said
	Timezone string         `json:"timezone,omitempty"` // IANA name; its business days begin at midnight there. "" is UTC
}

// Store is a shop of a merchant.
type Store struct {
	Merchant pos.MerchantID `json:"merchant"`
	Store    string         `json:"store"` // [a-z0-9-], 3 to 32; unique within the merchant
	Name     string         `json:"name,omitempty"`
	Address  string         `json:"address,omitempty"`
	Timezone string         `json:"timezone,omitempty"` // IANA name; "" is the merchant's
}

// Kind implements [Thing].
func (*Merchant) Kind() Kind { return KindMerchant }

// Key implements [Thing].
func (m *Merchant) Key() string { return string(m.Merchant) }

// Owner implements [Thing].
func (m *Merchant) Owner() pos.MerchantID { return m.Merchant }

func (m *Merchant) check() error {
	if _, err := pos.ParseMerchantID(string(m.Merchant)); err != nil {
		return err
	}
	if m.Currency != "" && !m.Currency.Known() {
		return fmt.Errorf("%q is not a currency", m.Currency)
	}
	return errors.Join(checkText("name", m.Name), checkZone(m.Timezone))
}

func (*Merchant) fit(context.Context, *edit, Thing) error { return nil }

// Kind implements [Thing].
func (*Store) Kind() Kind { return KindStore }

// Key implements [Thing]: merchant/store.
func (s *Store) Key() string { return string(s.Merchant) + "/" + s.Store }

// Owner implements [Thing].
func (s *Store) Owner() pos.MerchantID { return s.Merchant }

func (s *Store) check() error {
	return errors.Join(checkName("store", s.Store), checkText("name", s.Name), checkText("address", s.Address), checkZone(s.Timezone))
}

func (s *Store) fit(ctx context.Context, e *edit, _ Thing) error {
	return e.needs(ctx, KindMerchant, string(s.Merchant))
}

// needs says whether a thing is there that another one names.
func (e *edit) needs(ctx context.Context, kind Kind, id string) error {
	_, found, err := e.get(ctx, kind, id)
	if err == nil && !found {
		return errInvalid(fmt.Errorf("there is no %s %q", kind, id))
	}
	return err
}

// mostText bounds what people write, in bytes.
const mostText = 500

func checkText(what, text string) error {
	if len(text) > mostText || !utf8.ValidString(text) {
		return fmt.Errorf("%s is longer than %d bytes, or no UTF-8", what, mostText)
	}
	return nil
}

// checkName wants a name as that of a till.
func checkName(what, name string) error {
	if _, err := pos.ParseTillID(name); err != nil {
		return fmt.Errorf("%s %q is not 3 to 32 characters of a-z, 0-9 and -", what, name)
	}
	return nil
}

func checkZone(name string) error {
	if name == "Local" {
		return errors.New("a time zone that others know is wanted, not Local")
	}
	_, err := time.LoadLocation(name)
	return err
}
