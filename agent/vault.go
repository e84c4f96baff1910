package agent

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	"github.com/tillproof/tillproof/agent/engine"
	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/vault"
	"github.com/tillproof/tillproof/sync/wire"
)

// sealer closes card data for the platform, whose key the list of its keys names.
type sealer struct {
	till  pos.TillID
	keys  *keyring // nil when no platform is configured
	codec *wire.Codec
}

// Ready implements [engine.Sealer].
func (s *sealer) Ready() bool { return s.keys != nil && s.keys.sealKey() != nil }

// Seal implements [engine.Sealer].
func (s *sealer) Seal(swipe *wire.Swipe, payment pos.PaymentID) ([]byte, error) {
	if !s.Ready() {
		return nil, errors.New("the platform has named no key to seal to")
	}
	return s.codec.SealSwipe(swipe, s.keys.sealKey(), s.till, payment)
}

// sealKey is what card data are sealed to, nil before the platform has named a key for it.
func (k *keyring) sealKey() []byte {
	k.mu.RLock()
	defer k.mu.RUnlock()
	if k.list == nil {
		return nil
	}
	key := k.list.SealKey(time.Now().UnixMilli())
	if key == nil {
		key = k.list.SealKey(time.Now().Add(keySlack).UnixMilli())
	}
	if key == nil {
		return nil
	}
	return key.Public
}

// openVault gives the engine what card readers need. A vault that an earlier configuration has left is served too: what is in it is money.
func (t *till) openVault(o *engine.Options) error {
	o.Readers = t.config.names(drivers.KindReader)
	dir := PathsIn(t.config.Data).Vault
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) && len(o.Readers) == 0 {
		return nil
	}
	var err error
	if o.Vault, err = vault.Open(dir); err != nil {
		return errDisk(dir, err)
	}
	codec, err := wire.NewCodec()
	if err != nil {
		return err
	}
	o.Sealer = &sealer{till: t.config.Till, keys: t.keys, codec: codec}
	o.CardKey, err = t.signer.Secret("tillproof/card/1")
	return err
}

// serveReader hands every card that is read to the engine until the wire fails.
func (s *supervisor) serveReader(ctx context.Context, conn drivers.Conn, settings drivers.Settings) (opened bool, err error) {
	reader, err := s.driver.NewCardReader(conn, settings)
	if err != nil {
		return false, err
	}
	bounded, stop := context.WithTimeout(ctx, openTime)
	info, err := reader.Open(bounded)
	stop()
	if err != nil {
		return false, err
	}
	s.log.Info("device ready", "serial", info.Serial, "level", info.Level)
	s.reported = ""
	if err = s.engine.AttendReader(ctx, s.config.Name, reader, info); err != nil {
		return true, err
	}
	closing, stop := context.WithTimeout(context.WithoutCancel(ctx), logOffTime)
	defer stop()
	return true, reader.Close(closing)
}
