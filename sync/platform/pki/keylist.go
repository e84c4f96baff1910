package pki

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/sync/platform/database"
	"github.com/tillproof/tillproof/sync/wire"
)

// KeyList is the signed list of the platform's keys that is in force, nil when there is none. A platform that is its own root signs one that names itself
// and the key to seal to; one with a root of its own waits for what the root has signed.
func (p *PKI) KeyList(ctx context.Context) (message []byte, list *wire.KeyList, err error) {
	message, list, err = p.storedList(ctx)
	if err != nil || !p.ownRoot() || list != nil && p.namesSeal(list) {
		return message, list, err
	}
	own := wire.KeyList{Keys: []wire.PlatformKey{{Public: p.opts.Signer.Public(), Use: wire.UseAll}}}
	if list != nil {
		own = *list
		own.Keys = slices.Clone(list.Keys)
	}
	own.Version, own.At = own.Version+1, clock()
	if !p.namesSeal(&own) {
		own.Keys = append(own.Keys, wire.PlatformKey{Public: p.opts.Seal, Use: wire.UseSeal, From: own.At})
	}
	if message, err = p.codec.SealKeys(&own, p.opts.Signer); err != nil {
		return nil, nil, err
	}
	failed := p.InstallKeys(ctx, message)
	if message, list, err = p.storedList(ctx); err == nil && list != nil && p.namesSeal(list) {
		return message, list, nil // by this one, or by another replica at the same time
	}
	return message, list, errors.Join(failed, err)
}

// namesSeal says whether tills learn from a list what to seal to. One that was revoked stays so.
func (p *PKI) namesSeal(l *wire.KeyList) bool {
	id := cose.IDOf(p.opts.Seal)
	return p.opts.Seal == nil || l.IsRevoked(id) || l.Find(id) != nil
}

// ownRoot says whether the platform's own key is what tills trust.
func (p *PKI) ownRoot() bool {
	return p.opts.Signer != nil && bytes.Equal(p.opts.Root, p.opts.Signer.Public())
}

// storedList reads the newest list that the root has signed. Lists of a former root count for nothing.
func (p *PKI) storedList(ctx context.Context) (message []byte, list *wire.KeyList, err error) {
	err = p.db.Row(ctx, "SELECT message FROM pki_lists ORDER BY version DESC LIMIT 1").Scan(&message)
	if errors.Is(err, database.ErrNoRows) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	list, err = p.codec.OpenKeys(message, cose.OneKey(p.opts.Root))
	if err != nil {
		return nil, nil, fmt.Errorf("the list of keys in the database: %w", err)
	}
	return message, list, nil
}

// InstallKeys puts a signed list in force: signed by the root, newer than the one before, and naming this platform's own key, without which no till would
// listen to it any more. The same list again changes nothing.
func (p *PKI) InstallKeys(ctx context.Context, message []byte) error {
	list, err := p.codec.OpenKeys(message, cose.OneKey(p.opts.Root))
	if err != nil {
		return errArgument(err)
	}
	if p.opts.Signer != nil {
		own := list.Find(p.opts.Signer.ID())
		if own == nil || !own.May(wire.UseAck, clock()) || !own.May(wire.UseReply, clock()) {
			return errArgument(fmt.Errorf("the list does not let this platform's key %s sign acknowledgements and replies now", p.opts.Signer.ID()))
		}
	}
	return p.change(ctx, func(tx *database.Tx) error {
		var version int64
		var before []byte
		err := tx.Row(ctx, "SELECT version, message FROM pki_lists ORDER BY version DESC LIMIT 1").Scan(&version, &before)
		switch {
		case err != nil && !errors.Is(err, database.ErrNoRows):
			return err
		case err == nil && bytes.Equal(before, message):
			return nil
		case err == nil && list.Version <= uint64(version):
			return errArgument(fmt.Errorf("version %d is not newer than %d, which is in force", list.Version, version))
		}
		_, err = tx.Exec(ctx, "INSERT INTO pki_lists (version, message, at) VALUES (?,?,?)", int64(list.Version), message, clock())
		return err
	})
}
