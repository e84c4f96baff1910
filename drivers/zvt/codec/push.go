package codec

// push appends a byte. A slice that has to grow leaves nothing behind where it was: card data may be in it. It moves byte by byte, because copy
// uses vector registers, which the runtime saves to memory when it interrupts a goroutine, and nobody clears those.
func push(b []byte, c byte) []byte {
	if len(b) < cap(b) {
		return append(b, c)
	}
	grown := make([]byte, len(b), max(64, 2*cap(b)))
	for i := range b {
		grown[i], b[i] = b[i], 0
	}
	return append(grown, c)
}
