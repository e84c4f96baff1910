package journal

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"reflect"

	"github.com/fxamacker/cbor/v2"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/view"
)

// Rebuilt tells what a journal's views hold.
type Rebuilt struct {
	Records  int    `json:"records"`
	Payments int    `json:"payments"`
	Dump     string `json:"dump"` // SHA-256 over the payments in the order of their ids, and the till's shifts and settlements: equal journals give equal dumps
}

// Rebuild throws the views in the given file away and makes them anew from the journal in dir. No agent may be running.
func Rebuild(dir, views string) (Rebuilt, error) {
	r, err := OpenReader(dir)
	if err != nil {
		return Rebuilt{}, err
	}
	defer r.Close()
	held, err := acquire(dir)
	if err != nil {
		return Rebuilt{}, err
	}
	defer held.release() //nolint:errcheck // the process is about to end
	v, err := recreateViews(views, r.codec)
	if err != nil {
		return Rebuilt{}, errViews(views, err)
	}
	if err := v.catchUp(r.files); err != nil {
		return Rebuilt{}, errors.Join(err, v.file.close())
	}
	out, err := v.dump()
	for _, epoch := range r.Epochs() {
		err = errors.Join(err, r.Each(epoch, 1, func(Stored) error { out.Records++; return nil }))
	}
	return out, errors.Join(err, v.close())
}

// dump writes everything to the file and hashes it in a canonical form.
func (v *Views) dump() (Rebuilt, error) {
	if err := v.flush(); err != nil {
		return Rebuilt{}, err
	}
	var out Rebuilt
	hash := sha256.New()
	enc, err := cbor.CoreDetEncOptions().EncMode()
	if err != nil {
		return out, err
	}
	err = v.file.each(func(p *view.Payment) error {
		out.Payments++
		return enc.NewEncoder(hash).Encode(p)
	})
	if till := v.Till(); err == nil && !reflect.ValueOf(till).IsZero() { // so that a journal without shifts dumps as it always did
		err = enc.NewEncoder(hash).Encode(till)
	}
	if away := v.Carried(); err == nil && away.Of.Seq > 0 { // likewise for a journal that is whole
		err = errors.Join(enc.NewEncoder(hash).Encode(away), v.file.spentKeys(func(key, day []byte) error {
			_, err := hash.Write(append(bytes.Clone(key), day...))
			return err
		}))
	}
	out.Dump = hex.EncodeToString(hash.Sum(nil))
	return out, err
}

// Owner is the till that the records of a journal name.
func Owner(dir string) (till pos.TillID, err error) {
	r, err := OpenReader(dir)
	if err != nil {
		return "", err
	}
	defer r.Close()
	err = r.All(func(rec *record.Record) error {
		till = rec.Till
		return errStop
	})
	if till == "" {
		return "", fmt.Errorf("the journal in %s names no till: %w", dir, err)
	}
	return till, nil
}

// errStop ends a walk that has found what it looked for.
var errStop = errors.New("found")
