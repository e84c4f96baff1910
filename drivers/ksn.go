package drivers

import "bytes"

// KSNSize is the length of a key serial number of TDES DUKPT in bytes (ANSI X9.24-1): 59 bits name the initial key, 21 bits count.
const KSNSize = 10

// counterBits are the bits of the counter in byte 7 of a key serial number.
const counterBits = 0x1F

// KSNCounter is the counter of a key serial number, 0 for what is none.
func KSNCounter(ksn []byte) uint32 {
	if len(ksn) != KSNSize {
		return 0
	}
	return uint32(ksn[7]&counterBits)<<16 | uint32(ksn[8])<<8 | uint32(ksn[9])
}

// SameKey says whether two key serial numbers come from one initial key: everything but their counters is equal.
func SameKey(a, b []byte) bool {
	return len(a) == KSNSize && len(b) == KSNSize && bytes.Equal(a[:7], b[:7]) && a[7]&^counterBits == b[7]&^counterBits
}

// KSNFollows says whether a swipe with the key serial number next may come after one with last, of the same reader: the counter has gone on, or the reader
// was given a new initial key. The same number again is a replay, a lower one too. Any well-formed number follows nil.
func KSNFollows(last, next []byte) bool {
	if len(next) != KSNSize {
		return false
	}
	return !SameKey(last, next) || KSNCounter(next) > KSNCounter(last)
}
