package code

import (
	"crypto/hmac"
	"crypto/sha256"
)

// Hash is the first half of HMAC-SHA256 over the trimmed code: it tells whether a code was submitted before, and is what logs may
// hold of it. The key must be secret, for most codes are short enough to try all of them.
func Hash(key [32]byte, text string) [16]byte {
	mac := hmac.New(sha256.New, key[:])
	mac.Write([]byte(Trim(text)))
	return [16]byte(mac.Sum(nil)[:16])
}
