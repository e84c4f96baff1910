package courier

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"hash/crc32"
	"io"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/tillproof/tillproof/pos"
)

// Writer writes one file. It is for one goroutine.
type Writer struct {
	to      io.Writer
	enc     cbor.EncMode
	seal    *SealKey // nil: not sealed
	header  [32]byte // SHA-256 of the header's content
	letters uint64
}

// NewWriter begins a file. A nil key leaves it unsealed: acknowledgements hold no secret, records do.
func NewWriter(to io.Writer, kind Kind, seal *SealKey, now time.Time) (*Writer, error) {
	enc, _, err := newModes()
	if err != nil {
		return nil, err
	}
	h := header{Version: version, Kind: kind, ID: make([]byte, 16), At: now.UnixMilli()}
	if _, err := rand.Read(h.ID); err != nil {
		return nil, err
	}
	if seal != nil {
		h.To = seal.id[:]
	}
	content, err := enc.Marshal(h)
	if err != nil {
		return nil, err
	}
	if _, err := io.WriteString(to, magic); err != nil {
		return nil, err
	}
	w := &Writer{to: to, enc: enc, seal: seal, header: sha256.Sum256(content)}
	return w, w.chunk(content)
}

// Add writes one message.
func (w *Writer) Add(till pos.TillID, message []byte) error {
	w.letters++
	return w.letter(&letterMap{Till: string(till), Message: message})
}

// End writes the last chunk, by which a reader knows that the file is whole. The caller syncs and closes what it lies in.
func (w *Writer) End() error {
	n := w.letters
	w.letters++
	return w.letter(&letterMap{Letters: &n})
}

// letter writes chunk number letters.
func (w *Writer) letter(l *letterMap) error {
	content, err := w.enc.Marshal(l)
	if err != nil {
		return err
	}
	if w.seal != nil {
		if content, err = w.seal.seal(w.header, w.letters, content); err != nil {
			return err
		}
	}
	return w.chunk(content)
}

func (w *Writer) chunk(content []byte) error {
	frame := binary.BigEndian.AppendUint32(make([]byte, 0, frameSize+len(content)), uint32(len(content)))
	frame = binary.BigEndian.AppendUint32(frame, checksum(content))
	_, err := w.to.Write(append(frame, content...))
	return err
}

// checksum is CRC-32C (RFC 3720 §12.1). It finds what a bad stick does; what somebody does is found by seal and signature.
func checksum(content []byte) uint32 {
	return crc32.Checksum(content, crc32.MakeTable(crc32.Castagnoli))
}
