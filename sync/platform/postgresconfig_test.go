package platform

import (
	"os"
	"path/filepath"
	"testing"
)

// TestAnAddressOfPostgreSQLIsNoPath: it stays as it is, the key lies in data or beside the file, and messages do not name its password.
func TestAnAddressOfPostgreSQLIsNoPath(t *testing.T) {
	for data, key := range map[string]string{"": "platform.pem", "data: there\n": filepath.Join("there", "platform.pem")} {
		folder := t.TempDir()
		path := filepath.Join(folder, "platform.yaml")
		if err := os.WriteFile(path, []byte(data+"database: postgres://me:secret@db.example/ledger?sslmode=verify-full\nbroker: tcp://127.0.0.1:1\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := LoadConfig(path)
		if err != nil {
			t.Fatal(err)
		}
		if c.Database != "postgres://me:secret@db.example/ledger?sslmode=verify-full" || c.Keys != filepath.Join(folder, key) {
			t.Errorf("%q %q", c.Database, c.Keys)
		}
	}
}
