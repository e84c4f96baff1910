// Package dukpt derives the keys of TDES DUKPT (ANSI X9.24-1:2009): a reader encrypts every swipe under a key of its own, and who holds the base key derives
// it again from the key serial number that stands beside the ciphertext. It is for simulated readers and acquirers, with the public test key only: no key of
// a real reader belongs into this program.
package dukpt

import (
	"crypto/cipher"
	"crypto/des"
	"errors"
	"fmt"
	"math/bits"

	"github.com/tillproof/tillproof/drivers"
)

// The sizes in bytes.
const (
	KeySize   = 16 // of a two-key TDES key
	BlockSize = des.BlockSize
)

// The bounds of the counter.
const (
	counterMask = 1<<21 - 1
	maxOnes     = 10 // a counter with more one bits is skipped, so that a key is at most ten steps away
)

// ErrUsedUp says that the counter has come to its end: a reader has no keys left.
var ErrUsedUp = errors.New("the keys are used up")

// TestBaseKey is the base derivation key that the standard's own examples use and all the world knows.
func TestBaseKey() []byte {
	return []byte{0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF, 0xFE, 0xDC, 0xBA, 0x98, 0x76, 0x54, 0x32, 0x10}
}

// InitialKey is the key that a reader is filled with: the key serial number without its counter, encrypted under the base key and under its variant.
func InitialKey(base, ksn []byte) ([]byte, error) {
	if len(base) != KeySize || len(ksn) != drivers.KSNSize {
		return nil, fmt.Errorf("a base key of %d and a key serial number of %d bytes, not %d and %d", len(base), len(ksn), KeySize, drivers.KSNSize)
	}
	register := append([]byte(nil), ksn[:BlockSize]...)
	register[7] &^= counterMask >> 16
	key := make([]byte, KeySize)
	for half, under := range [][]byte{base, masked(base, stepMask())} {
		triple, err := tripleDES(under)
		if err != nil {
			return nil, err
		}
		triple.Encrypt(key[half*BlockSize:], register)
	}
	return key, nil
}

// TransactionKey is the key of a key serial number: a one-way step from the initial key for every one bit of the counter, the highest first.
func TransactionKey(base, ksn []byte) ([]byte, error) {
	key, err := InitialKey(base, ksn)
	if err != nil {
		return nil, err
	}
	register := append([]byte(nil), ksn[2:]...)
	register[5] &^= counterMask >> 16
	register[6], register[7] = 0, 0
	counter := drivers.KSNCounter(ksn)
	for bit := 20; bit >= 0; bit-- {
		if counter>>bit&1 == 0 {
			continue
		}
		register[7-bit/8] |= 1 << (bit % 8)
		if key, err = next(key, register); err != nil {
			return nil, err
		}
	}
	return key, nil
}

// next is the non-reversible key generation process: the right half is made of the key, the left of its variant.
func next(key, register []byte) ([]byte, error) {
	right, err := step(key, register)
	if err != nil {
		return nil, err
	}
	left, err := step(masked(key, stepMask()), register)
	return append(left, right...), err
}

// step is KR ^ DES(KL, R ^ KR).
func step(key, register []byte) ([]byte, error) {
	single, err := des.NewCipher(key[:BlockSize])
	if err != nil {
		return nil, err
	}
	half, out := key[BlockSize:], make([]byte, BlockSize)
	for i := range out {
		out[i] = register[i] ^ half[i]
	}
	single.Encrypt(out, out)
	for i := range out {
		out[i] ^= half[i]
	}
	return out, nil
}

// stepMask makes the variant of a key that the left half comes from.
func stepMask() uint64 { return 0xC0C0C0C000000000 }

// masked is a key with the same mask over both halves.
func masked(key []byte, mask uint64) []byte {
	out := make([]byte, len(key))
	for i := range key {
		out[i] = key[i] ^ byte(mask>>(56-8*(i%8)))
	}
	return out
}

// tripleDES is two-key TDES.
func tripleDES(key []byte) (cipher.Block, error) {
	return des.NewTripleDESCipher(append(append([]byte(nil), key...), key[:BlockSize]...))
}

// Next is the key serial number of a reader's next swipe. Counters with more than ten one bits are left out; after the last one it is ErrUsedUp.
func Next(ksn []byte) ([]byte, error) {
	if len(ksn) != drivers.KSNSize {
		return nil, fmt.Errorf("a key serial number of %d bytes", len(ksn))
	}
	counter := drivers.KSNCounter(ksn) + 1
	for bits.OnesCount32(counter) > maxOnes {
		counter += counter & -counter
	}
	if counter > counterMask {
		return nil, ErrUsedUp
	}
	out := append([]byte(nil), ksn...)
	out[7] = out[7]&^(counterMask>>16) | byte(counter>>16)
	out[8], out[9] = byte(counter>>8), byte(counter)
	return out, nil
}
