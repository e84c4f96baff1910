package pki

import (
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/sync/platform/answer"
	"github.com/tillproof/tillproof/sync/wire"
)

// KeyDraft is a list of keys as people and machines read it: what is in force, or what goes to the machine that holds the root key to be signed there.
type KeyDraft struct {
	Version uint64     `json:"version"`
	Keys    []DraftKey `json:"keys"`
	Revoked []string   `json:"revoked"` // kids
	At      string     `json:"at,omitempty"`
}

// DraftKey is one key of a [KeyDraft].
type DraftKey struct {
	Kid    string      `json:"kid"`
	Public string      `json:"public"` // lower-case hex
	Use    wire.KeyUse `json:"use"`
	From   string      `json:"from"`
	Until  string      `json:"until,omitempty"` // absent: open
}

// Draft shows a list; an empty one for nil.
func Draft(l *wire.KeyList) *KeyDraft {
	d := &KeyDraft{Keys: []DraftKey{}, Revoked: []string{}}
	if l == nil {
		return d
	}
	d.Version, d.At = l.Version, answer.Stamp(l.At)
	for i := range l.Keys {
		k := &l.Keys[i]
		line := DraftKey{Kid: k.ID().String(), Public: hex.EncodeToString(k.Public), Use: k.Use, From: answer.Stamp(k.From)}
		if k.Until > 0 {
			line.Until = answer.Stamp(k.Until)
		}
		d.Keys = append(d.Keys, line)
	}
	for _, id := range l.Revoked {
		d.Revoked = append(d.Revoked, id.String())
	}
	return d
}

// List reads a draft, to be signed now.
func (d *KeyDraft) List(now time.Time) (*wire.KeyList, error) {
	l := &wire.KeyList{Version: d.Version, At: now.UnixMilli()}
	for _, k := range d.Keys {
		public, err := cose.ParsePublicKey(k.Public)
		if err != nil {
			return nil, err
		}
		key := wire.PlatformKey{Public: public, Use: k.Use}
		if k.Kid != "" && k.Kid != key.ID().String() {
			return nil, fmt.Errorf("kid %s is not that of its key", k.Kid)
		}
		if key.From, err = moment(k.From); err != nil {
			return nil, err
		}
		if key.Until, err = moment(k.Until); err != nil {
			return nil, err
		}
		l.Keys = append(l.Keys, key)
	}
	for _, text := range d.Revoked {
		id, err := ParseKid(text)
		if err != nil {
			return nil, err
		}
		l.Revoked = append(l.Revoked, id)
	}
	return l, l.Check()
}

// moment reads a time, 0 for none.
func moment(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	return t.UnixMilli(), err
}

// ParseKid reads 16 hex digits.
func ParseKid(text string) (id cose.KeyID, err error) {
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != len(id) {
		return id, fmt.Errorf("a kid is %d bytes in hex, not %q", len(id), text)
	}
	return cose.KeyID(b), nil
}

// AdmitSeal adds the key that is sealed to, from a moment on; one that is there already stays as it is. nil changes nothing.
func (d *KeyDraft) AdmitSeal(public []byte, from time.Time) {
	kid := cose.IDOf(public).String()
	if public == nil || slices.ContainsFunc(d.Keys, func(k DraftKey) bool { return k.Kid == kid }) {
		return
	}
	d.Keys = append(d.Keys, DraftKey{Kid: kid, Public: hex.EncodeToString(public), Use: wire.UseSeal, From: answer.Stamp(from.UnixMilli())})
}

// Admit adds a key to a draft for all uses, from a moment on; a key that is there already stays as it is. All other keys that sign and have no end yet end
// after an overlap: until then tills take both generations.
func (d *KeyDraft) Admit(public cose.PublicKey, from time.Time, overlap time.Duration) {
	kid := cose.IDOf(public).String()
	for i := range d.Keys {
		if d.Keys[i].Kid == kid {
			return
		}
	}
	for i := range d.Keys {
		if d.Keys[i].Until == "" && d.Keys[i].Use != wire.UseSeal {
			d.Keys[i].Until = answer.Stamp(from.Add(overlap).UnixMilli())
		}
	}
	d.Keys = append(d.Keys, DraftKey{Kid: kid, Public: hex.EncodeToString(public), Use: wire.UseAll, From: answer.Stamp(from.UnixMilli())})
}
