package vault_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/vault"
)

// What an offline approval costs before its record: one seal, and two files that are on disk (the entry, and the reader's counter before it).
func BenchmarkKeep(b *testing.B) {
	key, err := cose.LoadOrCreateSeal(b.TempDir() + "/seal.pem")
	if err != nil {
		b.Fatal(err)
	}
	v, err := vault.Open(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	swipe := bytes.Repeat([]byte{7}, 300)
	b.Run("seal", func(b *testing.B) {
		for b.Loop() {
			if _, err := cose.SealTo(key.Public(), nil, swipe); err != nil {
				b.Fatal(err)
			}
		}
	})
	counter := uint32(0)
	b.Run("advance", func(b *testing.B) {
		for b.Loop() {
			counter++
			if err := v.Advance("SIM0000001", []byte{1, 2, 3, 4, 5, 6, 7, byte(counter >> 16), byte(counter >> 8), byte(counter)}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("put_erase", func(b *testing.B) {
		for b.Loop() {
			payment := pos.NewPaymentID(time.Now())
			if _, err := v.Put(payment, swipe); err != nil {
				b.Fatal(err)
			}
			if err := v.Erase(payment); err != nil {
				b.Fatal(err)
			}
		}
	})
}
