package record

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
)

// A stored record is framed so that it proves itself on every read and can be found by a raw scan of a damaged file:
//
//	magic "TPR1" | length of record, uint32 | length of signature, uint32 | CRC-32C of all that follows and of the lengths, uint32 | record | signature
//
// Integers are big endian. The signature is empty but for the last record of a commit.
const (
	FrameMagic  = "TPR1" // the first bytes of each stored record
	frameHeader = len(FrameMagic) + 12
	maxSig      = 1 << 10
)

// ErrDamaged says that stored bytes are not what was written.
var ErrDamaged = errors.New("stored record is damaged")

// AppendFrame appends the framed record and signature to dst.
func AppendFrame(dst, raw, signature []byte) []byte {
	start := len(dst)
	dst = slices.Grow(dst, frameHeader+len(raw)+len(signature))
	dst = append(dst, FrameMagic...)
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(raw)))
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(signature)))
	dst = append(dst, 0, 0, 0, 0)
	dst = append(dst, raw...)
	dst = append(dst, signature...)
	binary.BigEndian.PutUint32(dst[start+12:], frameSum(dst[start:]))
	return dst
}

// ReadFrame checks the frame at the start of b and returns record and signature as parts of b. Bytes after the frame are ignored.
func ReadFrame(b []byte) (raw, signature []byte, err error) {
	if len(b) < frameHeader || string(b[:4]) != FrameMagic {
		return nil, nil, fmt.Errorf("%w: no frame", ErrDamaged)
	}
	rawLen, sigLen := binary.BigEndian.Uint32(b[4:]), binary.BigEndian.Uint32(b[8:])
	if rawLen > MaxSize || sigLen > maxSig || uint32(len(b)-frameHeader) < rawLen+sigLen {
		return nil, nil, fmt.Errorf("%w: impossible length", ErrDamaged)
	}
	n, s := int(rawLen), int(sigLen)
	b = b[:frameHeader+n+s]
	if binary.BigEndian.Uint32(b[12:]) != frameSum(b) {
		return nil, nil, fmt.Errorf("%w: check value differs", ErrDamaged)
	}
	return b[frameHeader : frameHeader+n], b[frameHeader+n:], nil
}

// frameSum is the CRC-32C (Castagnoli) over the lengths and the content of one whole frame.
func frameSum(frame []byte) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli)
	return crc32.Update(crc32.Checksum(frame[4:12], table), table, frame[frameHeader:])
}
