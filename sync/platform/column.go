package platform

import "fmt"

// blob is a byte array that is read from a column of exactly its length.
func blob(to []byte, from []byte, column string) error {
	if len(from) != len(to) {
		return fmt.Errorf("ledger: %s has %d bytes, not %d", column, len(from), len(to))
	}
	copy(to, from)
	return nil
}

// orNull is b, or SQL's NULL when there is nothing.
func orNull(b []byte) any {
	if len(b) == 0 {
		return nil
	}
	return b
}

// truth is how both databases keep a bool.
func truth(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
