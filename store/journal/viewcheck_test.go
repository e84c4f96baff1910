package journal_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/tillproof/tillproof/pos"
)

// The database has no check values of its own: a flipped bit in it would show another order, or none.
func TestDamagedViewsAreMadeAnew(t *testing.T) {
	for name, mask := range map[string]byte{"one bit": 1, "another letter": 0x20} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			j := open(t, dir)
			id, bodies := cashSale("order-of-the-test", 1250)
			if _, err := j.Append(bodies...); err != nil {
				t.Fatal(err)
			}
			closeAndVerify(t, j, dir)
			flipText(t, filepath.Join(dir, "views.db"), "order-of-the-test", mask)

			j = open(t, dir)
			p, err := j.Views().ByKey(pos.OrderKey{Order: "order-of-the-test", Attempt: 1})
			if err != nil || p == nil || p.Intent.Payment != id || p.Intent.Order != "order-of-the-test" {
				t.Errorf("%+v, %v", p, err)
			}
		})
	}
}

// flipText changes the first byte of every place where a text stands in a file.
func flipText(t *testing.T, path, text string, mask byte) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	places := bytes.Count(content, []byte(text))
	for range places {
		content[bytes.Index(content, []byte(text))] ^= mask
	}
	if places == 0 {
		t.Fatalf("%s does not stand in %s", text, path)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}
