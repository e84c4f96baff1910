package vault

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/tillproof/tillproof/store/cose"
)

// ErrReplay says that a key serial number is not newer than the last one of its reader: the swipe was seen before, or its reader's counter was set back.
var ErrReplay = errors.New("the key serial number is not new")

const (
	ksnFile = "last-ksn.json"
	ksnSize = 10
)

// Advance notes the key serial number of a swipe before anything is done with it; when it returns nil that is on disk. Its last 21 bits are a counter (ANSI
// X9.24-1:2009), which only goes up for one reader and one key; a reader that was filled with another key begins anew. It fails with [ErrReplay] for one that
// is not new. After any error the swipe may not be used.
func (v *Vault) Advance(reader string, ksn []byte) error {
	if len(ksn) != ksnSize {
		return fmt.Errorf("a key serial number of %d bytes", len(ksn))
	}
	name, counter := ksnName(reader, ksn)
	v.mu.Lock()
	defer v.mu.Unlock()
	last, err := v.counters()
	if err != nil {
		return err
	}
	if before, known := last[name]; known && counter <= before {
		return fmt.Errorf("%w: reader %s at %d, after %d", ErrReplay, reader, counter, before)
	}
	last[name] = counter
	text, err := json.Marshal(last)
	if err != nil {
		return err
	}
	return cose.WriteFile(filepath.Join(v.dir, ksnFile), text)
}

// ksnName tells the key that a reader was filled with, and the counter.
func ksnName(reader string, ksn []byte) (string, uint32) {
	set := [8]byte(ksn[:8])
	set[7] &= 0xe0
	return reader + "/" + hex.EncodeToString(set[:]), uint32(ksn[7]&0x1f)<<16 | uint32(ksn[8])<<8 | uint32(ksn[9])
}

// counters reads the last ones. A file that cannot be read is an error: without it an old swipe would pass.
func (v *Vault) counters() (map[string]uint32, error) {
	last := map[string]uint32{}
	text, err := os.ReadFile(filepath.Join(v.dir, ksnFile))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return last, nil
	case err != nil:
		return nil, err
	}
	if err := json.Unmarshal(text, &last); err != nil {
		return nil, fmt.Errorf("%s cannot be read, so that an old swipe would not be noticed: %w", ksnFile, err)
	}
	return last, nil
}
