package agent

import (
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/journal"
)

const (
	nextKeyFile = "next.pem" // a key that waits to sign, beside the present one
	oldKeyExt   = ".pub"     // public keys that have signed before, in hex
)

// NextKey is the key that waits to take the place of the till's, nil when there is none. With create one is made.
func NextKey(paths Paths, create bool) (*journal.NextKey, error) {
	path := filepath.Join(filepath.Dir(paths.Key), nextKeyFile)
	load := cose.Load
	if create {
		load = cose.LoadOrCreate
	}
	signer, err := load(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &journal.NextKey{Signer: signer, Install: func() error { return installKey(paths.Key, path) }}, nil
}

// installKey keeps the public part of the present key and puts the next one in its place.
func installKey(present, next string) error {
	old, err := cose.Load(present)
	if err != nil {
		return err
	}
	folder := filepath.Dir(present)
	kept := filepath.Join(folder, old.ID().String()+oldKeyExt)
	if err := cose.WriteFile(kept, []byte(hex.EncodeToString(old.Public())+"\n")); err != nil {
		return err
	}
	if err := os.Rename(next, present); err != nil {
		return err
	}
	return cose.SyncDir(folder)
}

// TillKeys are the public keys of a till: the present one and those that it has had, by the files in its folder of keys.
func TillKeys(paths Paths) (cose.Keys, error) {
	signer, err := cose.Load(paths.Key)
	if err != nil {
		return nil, err
	}
	keys := map[cose.KeyID]cose.PublicKey{signer.ID(): signer.Public()}
	old, err := filepath.Glob(filepath.Join(filepath.Dir(paths.Key), "*"+oldKeyExt))
	if err != nil {
		return nil, err
	}
	for _, path := range old {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		key, err := cose.ParsePublicKey(strings.TrimSpace(string(text)))
		if err != nil {
			return nil, err
		}
		keys[cose.IDOf(key)] = key
	}
	return func(id cose.KeyID) (cose.PublicKey, bool) {
		key, ok := keys[id]
		return key, ok
	}, nil
}
