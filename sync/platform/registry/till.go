package registry

import (
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/sync/broker"
)

// Till is a till that may send records.
type Till struct {
	Till      pos.TillID
	Merchant  pos.MerchantID // never changes: the topics of its records name it
	Store     string         // of the merchant, "" for none
	Name      string         // for people
	PublicKey []byte         // Ed25519, 32 bytes, that signs its records; empty until it is enrolled
	Added     int64          // milliseconds since 1970-01-01 UTC; set by the registry
	Enabled   bool           // set by the registry: whether new records count
}

// tillJSON is how a till is written. What stands beside every thing stands there.
type tillJSON struct {
	Till      pos.TillID     `json:"till"`
	Merchant  pos.MerchantID `json:"merchant"`
	Store     string         `json:"store,omitempty"`
	Name      string         `json:"name,omitempty"`
	PublicKey string         `json:"public_key,omitempty"` // lower-case hex
}

// MarshalJSON writes the key in hex.
func (t *Till) MarshalJSON() ([]byte, error) {
	return json.Marshal(tillJSON{t.Till, t.Merchant, t.Store, t.Name, hex.EncodeToString(t.PublicKey)})
}

// UnmarshalJSON reads what MarshalJSON has written.
func (t *Till) UnmarshalJSON(text []byte) error {
	var j tillJSON
	if err := decodeStrictly(text, &j); err != nil {
		return err
	}
	*t = Till{Till: j.Till, Merchant: j.Merchant, Store: j.Store, Name: j.Name}
	if j.PublicKey == "" {
		return nil
	}
	key, err := cose.ParsePublicKey(j.PublicKey)
	t.PublicKey = key
	return err
}

// decodeStrictly refuses members that nobody knows.
func decodeStrictly(text []byte, to any) error {
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.DisallowUnknownFields()
	return d.Decode(to)
}

// Kind implements [Thing].
func (*Till) Kind() Kind { return KindTill }

// Key implements [Thing].
func (t *Till) Key() string { return string(t.Till) }

// Owner implements [Thing].
func (t *Till) Owner() pos.MerchantID { return t.Merchant }

// check refuses names that begin like those of the platform's own connections: such a till would have the platform's rights at the broker.
func (t *Till) check() error {
	if _, err := pos.ParseTillID(string(t.Till)); err != nil {
		return err
	}
	if strings.HasPrefix(string(t.Till), broker.PlatformPrefix) || string(t.Till) == broker.PlatformUser {
		return fmt.Errorf("till id %q is reserved for the platform's connections", t.Till)
	}
	if n := len(t.PublicKey); n != 0 && n != ed25519.PublicKeySize {
		return fmt.Errorf("a public key of %d bytes", n)
	}
	return checkText("name", t.Name)
}

func (t *Till) fit(ctx context.Context, e *edit, _ Thing) error {
	if t.Store != "" {
		if err := e.needs(ctx, KindStore, string(t.Merchant)+"/"+t.Store); err != nil {
			return err
		}
	}
	return e.needs(ctx, KindMerchant, string(t.Merchant))
}

// Tills lists all tills in the order of their ids, disabled ones too.
func (r *Registry) Tills(ctx context.Context) (list []Till, err error) {
	kept, err := r.List(ctx, KindTill, Range{})
	for i := range kept {
		list = append(list, kept[i].till())
	}
	return list, err
}

// Till reads one till; false when there is none.
func (r *Registry) Till(ctx context.Context, id pos.TillID) (Till, bool, error) {
	kept, found, err := r.Get(ctx, KindTill, string(id))
	if err != nil || !found {
		return Till{}, false, err
	}
	return kept.till(), true, nil
}

func (k *Kept) till() Till {
	t := *k.Thing.(*Till)
	t.Added, t.Enabled = k.AddedAt, k.Enabled
	return t
}

// AddTill adds a till, or gives the one that is there a key, a store or a name; what is empty stays as it was. Added and Enabled of the argument say
// nothing. A till of another merchant is refused.
func (r *Registry) AddTill(ctx context.Context, t Till) error {
	if err := t.check(); err != nil {
		return errInvalid(err)
	}
	return r.change(ctx, func(e *edit) error {
		before, found, err := e.get(ctx, KindTill, string(t.Till))
		if err != nil {
			return err
		}
		if found {
			was := before.Thing.(*Till)
			t.Store, t.Name = first(t.Store, was.Store), first(t.Name, was.Name)
			if len(t.PublicKey) == 0 {
				t.PublicKey = was.PublicKey
			}
		}
		_, err = e.put(ctx, &t, before)
		return err
	})
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// Terminal is a card terminal's number at an acquirer.
type Terminal struct {
	Acquirer   string         `json:"acquirer"`
	TerminalID string         `json:"terminal_id"`
	Merchant   pos.MerchantID `json:"merchant"`
	Till       pos.TillID     `json:"till,omitempty"`        // that it stands at, "" while it stands nowhere
	Device     pos.DeviceName `json:"device,omitempty"`      // its name in the till's configuration
	MerchantID string         `json:"merchant_id,omitempty"` // the merchant's number at the acquirer, where it differs from the account's
}

// Account is a merchant's number at an acquirer.
type Account struct {
	Merchant   pos.MerchantID `json:"merchant"`
	Acquirer   string         `json:"acquirer"`
	MerchantID string         `json:"merchant_id"`
}

// Kind implements [Thing].
func (*Terminal) Kind() Kind { return KindTerminal }

// Key implements [Thing]: acquirer/terminal_id.
func (t *Terminal) Key() string { return t.Acquirer + "/" + t.TerminalID }

// Owner implements [Thing].
func (t *Terminal) Owner() pos.MerchantID { return t.Merchant }

func (t *Terminal) check() error {
	return errors.Join(checkName("acquirer", t.Acquirer), checkNumber("terminal_id", t.TerminalID), checkText("merchant_id", t.MerchantID),
		checkText("device", string(t.Device)))
}

func (t *Terminal) fit(ctx context.Context, e *edit, _ Thing) error {
	if t.Till == "" {
		return e.needs(ctx, KindMerchant, string(t.Merchant))
	}
	till, found, err := e.get(ctx, KindTill, string(t.Till))
	if err == nil && (!found || till.Owner() != t.Merchant) {
		return errInvalid(fmt.Errorf("merchant %s has no till %q", t.Merchant, t.Till))
	}
	return err
}

// Kind implements [Thing].
func (*Account) Kind() Kind { return KindAccount }

// Key implements [Thing]: merchant/acquirer.
func (a *Account) Key() string { return string(a.Merchant) + "/" + a.Acquirer }

// Owner implements [Thing].
func (a *Account) Owner() pos.MerchantID { return a.Merchant }

func (a *Account) check() error {
	return errors.Join(checkName("acquirer", a.Acquirer), checkNumber("merchant_id", a.MerchantID))
}

func (a *Account) fit(ctx context.Context, e *edit, _ Thing) error {
	return e.needs(ctx, KindMerchant, string(a.Merchant))
}

// checkNumber wants what acquirers call a number: 1 to 64 characters that can stand in a path.
func checkNumber(what, number string) error {
	if _, err := pos.ParseOrderRef(number); err != nil || strings.Contains(number, "/") {
		return fmt.Errorf("%s %q is not 1 to 64 characters of A-Z, a-z, 0-9 and ._:-", what, number)
	}
	return nil
}

// Terminals lists the terminals that count, in the order of acquirer and number.
func (r *Registry) Terminals(ctx context.Context) ([]Terminal, error) {
	return enabled[*Terminal](ctx, r, KindTerminal, "")
}

// Accounts lists the merchants' numbers at acquirers that count.
func (r *Registry) Accounts(ctx context.Context) ([]Account, error) {
	return enabled[*Account](ctx, r, KindAccount, "")
}

// enabled lists the things of a kind that count.
func enabled[P interface {
	*T
	Thing
}, T any](ctx context.Context, r *Registry, kind Kind, merchant pos.MerchantID) (list []T, err error) {
	kept, err := r.List(ctx, kind, Range{Merchant: merchant})
	for i := range kept {
		if kept[i].Enabled {
			list = append(list, *kept[i].Thing.(P))
		}
	}
	return list, err
}
