package courier

import (
	"errors"
	"fmt"

	"github.com/fxamacker/cbor/v2"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/wire"
)

// magic begins every file. Its odd first byte and its line ends show a file that was carried as text.
const magic = "\x8bTPC\r\n\x1a\n"

// version is that of the header.
const version = 1

// Bounds of a file.
const (
	frameSize  = 8                      // length and check sum before a chunk, in bytes
	maxContent = wire.MaxMessage + 4096 // of a chunk, in bytes: the largest batch, its letter and its seal
	maxHeader  = 1 << 10                // in bytes
)

// Kind says what a file carries.
type Kind string

// The kinds of files.
const (
	Records Kind = "records" // batches of a till's records, on their way to the platform
	Acks    Kind = "acks"    // the platform's signed acknowledgements, on their way back
)

// Letter is one message in a file.
type Letter struct {
	Till    pos.TillID
	Message []byte
}

// header is the CBOR map of courier.cddl.
type header struct {
	Version uint64 `cbor:"version"`
	Kind    Kind   `cbor:"kind"`
	ID      []byte `cbor:"id"`
	At      int64  `cbor:"at"`
	To      []byte `cbor:"to,omitempty"`
}

// letterMap is the CBOR map of courier.cddl.
type letterMap struct {
	Till    string  `cbor:"till,omitempty"`
	Message []byte  `cbor:"message,omitempty"`
	Letters *uint64 `cbor:"letters,omitempty"`
}

// check says whether this version can read the file.
func (h *header) check() error {
	switch {
	case h.Version != version:
		return fmt.Errorf("the file is of version %d, this program reads version %d", h.Version, version)
	case h.Kind != Records && h.Kind != Acks:
		return fmt.Errorf("the file carries %q, which this program does not know", h.Kind)
	case len(h.To) != 0 && len(h.To) != len(KeyID{}):
		return errors.New("the name of the sealing key is damaged")
	}
	return nil
}

func newModes() (cbor.EncMode, cbor.DecMode, error) {
	enc, err := cbor.CoreDetEncOptions().EncMode()
	if err != nil {
		return nil, nil, err
	}
	dec, err := cbor.DecOptions{
		DupMapKey: cbor.DupMapKeyEnforcedAPF, IndefLength: cbor.IndefLengthForbidden, TagsMd: cbor.TagsForbidden,
		MaxNestedLevels: 4, MaxMapPairs: 32, MaxArrayElements: 16, FieldNameMatching: cbor.FieldNameMatchingCaseSensitive,
	}.DecMode()
	return enc, dec, err
}
