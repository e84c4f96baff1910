package record

// KeyChange names the key that signs all commits behind the one that it stands in. That one is signed by the key before, so that the new key rests on
// the old one.
type KeyChange struct {
	Public Hex    `cbor:"1,keyasint" json:"public"`                     // the new public key, Ed25519, 32 bytes
	Reason string `cbor:"2,keyasint,omitempty" json:"reason,omitempty"` // in a person's words
}

// Kind implements [Body].
func (*KeyChange) Kind() Kind { return KindKey }
