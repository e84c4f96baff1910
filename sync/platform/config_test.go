package platform

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/pos"
)

var someKey = strings.Repeat("ab", 32)

func load(t *testing.T, text string) (Config, string, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "platform.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := LoadConfig(path)
	return c, path, err
}

func TestLoadConfig(t *testing.T) {
	c, path, err := load(t, "data: store\nbroker: tcp://localhost:1883\nmerchants:\n  - merchant: shop\n    tills:\n      - till: till-1\n        public_key: "+someKey+"\n")
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(filepath.Dir(path), "store")
	if c.Database != filepath.Join(folder, "ledger.db") || c.Keys != filepath.Join(folder, "platform.pem") || c.Merchants[0].Tills[0].Till != "till-1" {
		t.Errorf("%+v", c)
	}
	c, path, err = load(t, "database: l.db\nkeys: /etc/k.pem\nbroker: tls://b:8883\nlisten: :80\nmerchants: []\n")
	if err != nil || c.Database != filepath.Join(filepath.Dir(path), "l.db") || c.Keys != "/etc/k.pem" || c.Listen != ":80" {
		t.Errorf("%+v %v", c, err)
	}
}

func TestLoadConfigNamesTheLine(t *testing.T) {
	head := "data: .\nbroker: tcp://localhost:1883\n"
	tills := func(lines ...string) string {
		return head + "merchants:\n  - merchant: shop\n    tills:\n      - " + strings.Join(lines, "\n      - ") + "\n"
	}
	good := fmt.Sprintf("{till: till-1, public_key: %s}", someKey)
	for name, c := range map[string]struct {
		text string
		line int
		says string
	}{
		"unknown key":           {head + "brokr: x\n", 3, "unknown field"},
		"unknown key of a till": {tills(strings.Replace(good, "public_key", "key", 1)), 6, "unknown field"},
		"no YAML":               {head + "merchants: [\n", 3, ""},
		"wrong type":            {"data: .\nbroker: [1]\n", 2, ""},
		"doubled key":           {head + "data: x\n", 3, "already defined"},
		"no ledger":             {"broker: tcp://localhost:1883\n", 1, "data or database is missing"},
		"two ledgers":           {head + "database: x.db\n", 3, "exclude each other"},
		"no broker":             {"data: .\n", 1, "broker"},
		"bad broker":            {"data: .\n\nbroker: localhost\n", 3, "broker \"localhost\""},
		"bad merchant":          {head + "merchants:\n  - merchant: S\n    tills: []\n", 4, "merchant id"},
		"bad till":              {tills(good, strings.Replace(good, "till-1", "Till_1", 1)), 7, "till id"},
		"same till twice":       {tills(good, good), 7, "stands twice"},
		"bad key":               {tills(strings.Replace(good, someKey, "abc", 1)), 6, "public key"},
		"reserved till":         {tills(strings.Replace(good, "till-1", "platform-1", 1)), 6, "reserved"},
		"empty":                 {"", 1, ""},
	} {
		_, path, err := load(t, c.text)
		var e *pos.Error
		if !errors.As(err, &e) || e.Code != "config_invalid" {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if where := fmt.Sprintf("%s:%d.", path, c.line); !strings.Contains(e.Text, where) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v\nwant %s and %q", name, err, where, c.says)
		}
	}
	if _, err := LoadConfig(filepath.Join(t.TempDir(), "none.yaml")); err == nil {
		t.Error("a file that is not there was read")
	}
}
