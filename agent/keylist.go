package agent

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/sync/wire"
)

// keyListFile holds the newest list of the platform's keys, as the root has signed it, beside the till's key.
const keyListFile = "platform-keys.cose"

// keySlack is how far a till's clock may be off before the beginning and the end of a key's time count.
const keySlack = 24 * time.Hour

// keyring knows the keys that speak for the platform: the root key itself until the root has named others, and from then on those alone. It takes newer
// lists only, and keeps the newest on disk, so that neither the wire nor a restart brings back a key that was taken away. It is safe for concurrent use.
type keyring struct {
	root    cose.PublicKey
	path    string
	codec   *wire.Codec
	log     *slog.Logger
	waiting chan []byte // the last list that came down and was not looked at yet

	mu   sync.RWMutex
	list *wire.KeyList // nil before the root has named any
	raw  []byte        // of list
}

// openKeyring reads the list on disk. One that the root has not signed is another platform's, or damaged: it counts for nothing.
func openKeyring(folder string, root cose.PublicKey, codec *wire.Codec, log *slog.Logger) (*keyring, error) {
	k := &keyring{root: root, path: filepath.Join(folder, keyListFile), codec: codec, log: log, waiting: make(chan []byte, 1)}
	raw, err := os.ReadFile(k.path)
	if errors.Is(err, fs.ErrNotExist) {
		return k, nil
	}
	if err != nil {
		return nil, err
	}
	list, err := codec.OpenKeys(raw, cose.OneKey(root))
	if err != nil {
		log.Warn("the kept list of the platform's keys is not of this root; the root key counts until a new one comes", "error", err)
		return k, nil
	}
	k.list, k.raw = list, raw
	return k, nil
}

// forUse are the keys whose new messages count. What no key of the list has signed moves nothing.
func (k *keyring) forUse(use wire.KeyUse) cose.Keys {
	return k.keys(func(key *wire.PlatformKey) bool {
		now := time.Now()
		return key.May(use, now.Add(keySlack).UnixMilli()) || key.May(use, now.Add(-keySlack).UnixMilli()) || key.May(use, now.UnixMilli())
	})
}

// kept are the keys whose messages count that this till holds from before: also those whose time is over, as long as they are not revoked.
func (k *keyring) kept(use wire.KeyUse) cose.Keys {
	return k.keys(func(key *wire.PlatformKey) bool { return key.For(use) })
}

func (k *keyring) keys(counts func(*wire.PlatformKey) bool) cose.Keys {
	return func(id cose.KeyID) (cose.PublicKey, bool) {
		k.mu.RLock()
		defer k.mu.RUnlock()
		if k.list == nil {
			return k.root, id == cose.IDOf(k.root)
		}
		key := k.list.Find(id)
		if key == nil || !counts(key) {
			return nil, false
		}
		return key.Public, true
	}
}

// version is that of the list in force, 0 when there is none.
func (k *keyring) version() uint64 {
	k.mu.RLock()
	defer k.mu.RUnlock()
	if k.list == nil {
		return 0
	}
	return k.list.Version
}

// take puts a list in force that the root has signed and that is newer than the one before, once it is on disk. The same one again changes nothing; on any
// error the keys are as they were.
func (k *keyring) take(message []byte) error {
	list, err := k.codec.OpenKeys(message, cose.OneKey(k.root))
	if err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case k.list == nil:
	case bytes.Equal(message, k.raw):
		return nil
	case list.Version <= k.list.Version:
		return fmt.Errorf("version %d is not newer than %d, which is in force", list.Version, k.list.Version)
	}
	if err := cose.WriteFile(k.path, message); err != nil {
		return err
	}
	k.list, k.raw = list, bytes.Clone(message)
	k.log.Info("the platform's keys have changed", "version", list.Version, "keys", len(list.Keys), "revoked", len(list.Revoked))
	return nil
}

// receive takes a message of down/keys. It does not block; only the last one that waits counts.
func (k *keyring) receive(message []byte) {
	for {
		select {
		case k.waiting <- message:
			return
		default:
		}
		select {
		case <-k.waiting:
		default:
		}
	}
}

// run puts in force what comes down, until ctx ends.
func (k *keyring) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case message := <-k.waiting:
			if err := k.take(message); err != nil {
				k.log.Warn("a list of the platform's keys was refused; the one before stays in force", "error", err)
			}
		}
	}
}

// PlatformKeys are the keys whose acknowledgements count for a till's data, also those of former times: the root key, or those that it has named.
func PlatformKeys(paths Paths, root cose.PublicKey, codec *wire.Codec) (cose.Keys, error) {
	k, err := openKeyring(filepath.Dir(paths.Key), root, codec, silent())
	if err != nil {
		return nil, err
	}
	return k.kept(wire.UseAck), nil
}
