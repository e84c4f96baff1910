package dukpt

import (
	"crypto/aes"
	"crypto/cipher"
	"fmt"
)

// Use says what a key is for: a variant of the transaction's key.
type Use uint64

// The uses (ANSI X9.24-1:2009, table A-1). Tracks are encrypted for Data mostly; some readers take PIN, and say so.
const (
	PIN  Use = 0x00000000000000FF
	MAC  Use = 0x000000000000FF00
	Data Use = 0x0000000000FF0000
)

// Key is the key of a swipe for a use. That for data is one more one-way step away: the variant encrypts itself.
func Key(base, ksn []byte, use Use) ([]byte, error) {
	key, err := TransactionKey(base, ksn)
	if err != nil {
		return nil, err
	}
	variant := masked(key, uint64(use))
	if use != Data {
		return variant, nil
	}
	block, err := tripleDES(variant)
	if err != nil {
		return nil, err
	}
	out := make([]byte, KeySize)
	block.Encrypt(out, variant[:BlockSize])
	block.Encrypt(out[BlockSize:], variant[BlockSize:])
	return out, nil
}

// Encrypt encrypts a track under the data key of a key serial number: TDES in CBC mode, initial vector zero, zeros behind the track up to a whole block.
func Encrypt(base, ksn, clear []byte) ([]byte, error) {
	block, err := dataCipher(base, ksn, Data)
	if err != nil {
		return nil, err
	}
	return encrypt(block, clear), nil
}

// EncryptAES is Encrypt by AES-128 under the same key, as readers do that are set to AES and have a TDES key serial number.
func EncryptAES(base, ksn, clear []byte) ([]byte, error) {
	block, err := aesCipher(base, ksn)
	if err != nil {
		return nil, err
	}
	return encrypt(block, clear), nil
}

// DecryptAES opens what EncryptAES has made.
func DecryptAES(base, ksn, ciphertext []byte) ([]byte, error) {
	block, err := aesCipher(base, ksn)
	if err != nil {
		return nil, err
	}
	return decrypt(block, ciphertext)
}

func aesCipher(base, ksn []byte) (cipher.Block, error) {
	key, err := Key(base, ksn, Data)
	if err != nil {
		return nil, err
	}
	return aes.NewCipher(key)
}

func encrypt(block cipher.Block, clear []byte) []byte {
	size := block.BlockSize()
	out := make([]byte, (len(clear)+size-1)/size*size)
	copy(out, clear)
	cipher.NewCBCEncrypter(block, make([]byte, size)).CryptBlocks(out, out)
	return out
}

func decrypt(block cipher.Block, ciphertext []byte) ([]byte, error) {
	size := block.BlockSize()
	if len(ciphertext)%size != 0 {
		return nil, fmt.Errorf("a ciphertext of %d bytes is no number of blocks", len(ciphertext))
	}
	out := make([]byte, len(ciphertext))
	cipher.NewCBCDecrypter(block, make([]byte, size)).CryptBlocks(out, ciphertext)
	return out, nil
}

// Decrypt opens what Encrypt has made. The zeros behind the track stay: the reader tells the track's length.
func Decrypt(base, ksn, ciphertext []byte) ([]byte, error) {
	return DecryptFor(base, ksn, ciphertext, Data)
}

// DecryptFor is Decrypt under the key of another use.
func DecryptFor(base, ksn, ciphertext []byte, use Use) ([]byte, error) {
	block, err := dataCipher(base, ksn, use)
	if err != nil {
		return nil, err
	}
	return decrypt(block, ciphertext)
}

func dataCipher(base, ksn []byte, use Use) (cipher.Block, error) {
	key, err := Key(base, ksn, use)
	if err != nil {
		return nil, err
	}
	return tripleDES(key)
}
