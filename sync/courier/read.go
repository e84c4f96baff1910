package courier

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/tillproof/tillproof/pos"
)

// ErrSealed says that a file is sealed to a key that the reader does not have.
var ErrSealed = errors.New("the file is sealed to another key")

// Damage says where a file cannot be read any further. What came before it is whole.
type Damage struct {
	Chunk  uint64 // 0 is the header
	Offset int64  // where the chunk begins, in bytes
	Cut    bool   // the file ends too early; else its content is not what was written
	Err    error
}

// Error implements error.
func (d *Damage) Error() string {
	what := "damaged"
	if d.Cut {
		what = "cut off"
	}
	return fmt.Sprintf("the file is %s at chunk %d (byte %d): %v", what, d.Chunk, d.Offset, d.Err)
}

// Unwrap gives the cause.
func (d *Damage) Unwrap() error { return d.Err }

// Reader reads one file. It is for one goroutine, and reads no more than it needs for the next letter.
type Reader struct {
	from   io.Reader
	dec    cbor.DecMode
	key    *OpenKey
	header header
	sum    [32]byte
	chunk  uint64 // the next one
	offset int64
	done   bool
}

// NewReader reads the beginning of a file. It fails with [ErrSealed] when the file is sealed to another key than the given one, which may be nil.
func NewReader(from io.Reader, key *OpenKey) (*Reader, error) {
	_, dec, err := newModes()
	if err != nil {
		return nil, err
	}
	start := make([]byte, len(magic))
	if _, err := io.ReadFull(from, start); err != nil || string(start) != magic {
		return nil, errors.Join(errors.New("this is no courier's file, or it was carried as text"), err)
	}
	r := &Reader{from: from, dec: dec, key: key, offset: int64(len(magic))}
	content, err := r.next(maxHeader)
	if err != nil {
		return nil, err
	}
	if err := dec.Unmarshal(content, &r.header); err != nil {
		return nil, &Damage{Chunk: 0, Offset: int64(len(magic)), Err: err}
	}
	if err := r.header.check(); err != nil {
		return nil, err
	}
	if to := r.header.To; len(to) > 0 && (key == nil || KeyID(to) != key.public.id) {
		return nil, fmt.Errorf("%w: %x", ErrSealed, to)
	}
	r.sum = sha256.Sum256(content)
	return r, nil
}

// Kind is what the file carries.
func (r *Reader) Kind() Kind { return r.header.Kind }

// Sealed says whether the file is sealed.
func (r *Reader) Sealed() bool { return len(r.header.To) > 0 }

// At is when the file was begun, by its writer's clock.
func (r *Reader) At() time.Time { return time.UnixMilli(r.header.At) }

// Next returns the next letter; io.EOF behind the last one of a whole file, a [*Damage] where the file cannot be read any further. The letter's
// message is the caller's. Nothing is known yet of who has written it.
func (r *Reader) Next() (Letter, error) {
	if r.done {
		return Letter{}, io.EOF
	}
	n, at := r.chunk, r.offset
	l, err := r.letter(n)
	switch {
	case errors.As(err, new(*Damage)):
		return Letter{}, err
	case err != nil:
		return Letter{}, &Damage{Chunk: n, Offset: at, Err: err}
	case l.Letters != nil && *l.Letters == n-1:
		r.done = true
		return Letter{}, io.EOF
	}
	till, err := pos.ParseTillID(l.Till)
	if err != nil || len(l.Message) == 0 {
		return Letter{}, &Damage{Chunk: n, Offset: at, Err: errors.Join(errors.New("no letter"), err)}
	}
	return Letter{till, l.Message}, nil
}

func (r *Reader) letter(n uint64) (l letterMap, err error) {
	content, err := r.next(maxContent)
	if err != nil {
		return l, err
	}
	if r.Sealed() {
		if content, err = r.key.open(r.sum, n, content); err != nil {
			return l, err
		}
	}
	return l, r.dec.Unmarshal(content, &l)
}

// next reads the content of the next chunk.
func (r *Reader) next(most uint32) ([]byte, error) {
	damage := func(cut bool, err error) error { return &Damage{r.chunk, r.offset, cut, err} }
	var frame [frameSize]byte
	if _, err := io.ReadFull(r.from, frame[:]); err != nil {
		return nil, damage(isEnd(err), err)
	}
	size := binary.BigEndian.Uint32(frame[:])
	if size == 0 || size > most {
		return nil, damage(false, fmt.Errorf("a chunk of %d bytes", size))
	}
	content, err := io.ReadAll(io.LimitReader(r.from, int64(size))) // grows with what is really there
	if err == nil && len(content) < int(size) {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, damage(isEnd(err), err)
	}
	if checksum(content) != binary.BigEndian.Uint32(frame[4:]) {
		return nil, damage(false, errors.New("its check sum does not fit"))
	}
	r.chunk, r.offset = r.chunk+1, r.offset+frameSize+int64(size)
	return content, nil
}

func isEnd(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }
