package record

// Config says that a configuration from the platform is in force from this record on. What it says lies beside the journal; the hash names it.
type Config struct {
	Version uint64 `cbor:"1,keyasint" json:"version"`
	Hash    Hex    `cbor:"2,keyasint" json:"hash"` // SHA-256 of the message as the platform signed it
}

// Kind implements [Body].
func (*Config) Kind() Kind { return KindConfig }
