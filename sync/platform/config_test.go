package platform

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/reconcile"
	"github.com/tillproof/tillproof/sync/wallet"
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
	c, path, err = load(t, "database: l.db\nkeys: /etc/k.pem\nbroker: tls://b:8883\nlisten: 127.0.0.1:80\nmerchants: []\n")
	if err != nil || c.Database != filepath.Join(filepath.Dir(path), "l.db") || c.Keys != "/etc/k.pem" || c.Listen != "127.0.0.1:80" {
		t.Errorf("%+v %v", c, err)
	}
}

func TestLoadConfigNamesTheLine(t *testing.T) {
	head := "data: .\nbroker: tcp://localhost:1883\n"
	tills := func(lines ...string) string {
		return head + "merchants:\n  - merchant: shop\n    tills:\n      - " + strings.Join(lines, "\n      - ") + "\n"
	}
	const bank = "{name: bank, url: 'https://a.example', schemes: ['*']}"
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
		"acquirer's name":       {head + "acquirers:\n  - {name: A, url: 'https://a.example', schemes: ['*']}\n", 4, "acquirer \"A\""},
		"acquirer twice":        {head + "acquirers:\n  - " + bank + "\n  - " + bank + "\n", 5, "stands twice"},
		"acquirer in the clear": {head + "acquirers:\n  - " + strings.Replace(bank, "https", "http", 1) + "\n", 4, "only https"},
		"acquirer nowhere":      {head + "acquirers:\n  - " + strings.Replace(bank, "https://a.example", "a.example", 1) + "\n", 4, "not an address"},
		"no scheme":             {head + "acquirers:\n  - " + strings.Replace(bank, "'*'", "", 1) + "\n", 4, "takes no scheme"},
		"scheme twice":          {head + "acquirers:\n  - " + bank + "\n  - " + strings.Replace(bank, "bank", "other", 1) + "\n", 5, "stands twice"},
		"too many workers":      {head + "wallet:\n  workers: 5000\n", 4, "not between"},
		"late in the past":      {head + "late: {forward_s: -1}\n", 3, "below zero"},
		"watch falls":           {head + "wallet:\n  watch_s: [10, 5]\n", 4, "ascend"},
		"negative rule":         {head + "wallet:\n  rules:\n    wechat: {give_up_s: -1}\n", 5, "out of range"},
		"unknown time":          {head + "wallet:\n  rules:\n    wechat: {give_up: 1}\n", 5, "unknown field"},
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

func TestHowLateIsLate(t *testing.T) {
	c, _, err := load(t, "data: .\nbroker: tcp://localhost:1883\nlate: {forward_s: 3600, statement_days: 5}\n")
	now := time.Unix(1_800_000_000, 0)
	want := reconcile.Limits{Now: now, Delivery: 24 * time.Hour, Unknown: 24 * time.Hour, Forward: time.Hour, Statement: 5}
	if got := c.Source().Late(now); err != nil || got != want {
		t.Errorf("%+v %v", got, err)
	}
	if c, _, err = load(t, "data: .\nbroker: tcp://localhost:1883\n"); err != nil || c.Source().Late(now) != reconcile.UsualLimits(now) {
		t.Errorf("%+v %v", c.Source().Late(now), err)
	}
	if text, err := c.Print(); err != nil || !strings.Contains(string(text), "forward_s: 259200") {
		t.Errorf("%s %v", text, err)
	}
}

func TestWalletSettings(t *testing.T) {
	if got := (&WalletConfig{}).settings(); !reflect.DeepEqual(got, func() wallet.Settings { d := wallet.Defaults(); d.Rules = map[string]wallet.Rule{}; return d }()) {
		t.Errorf("defaults: %+v", got)
	}
	c, path, err := load(t, "data: .\nbroker: tcp://localhost:1883\nacquirers:\n  - {name: bank, url: 'http://127.0.0.1:9000', secret_file: s, schemes: [wechat]}\n"+
		"wallet: {workers: 3, call_timeout_s: 4, first_query_ms: 500, watch_s: [5, 60], rules: {wechat: {interval_ms: 1500, cancel_after_s: 0}, alipay: {give_up_s: 90}}}\n")
	if err != nil || c.Acquirers[0].SecretFile != filepath.Join(filepath.Dir(path), "s") {
		t.Fatalf("%+v %v", c, err)
	}
	got := c.Wallet.settings()
	if got.Workers != 3 || got.CallTimeout != 4*time.Second || got.FirstQuery != 500*time.Millisecond || fmt.Sprint(got.Watch) != "[5s 1m0s]" ||
		got.Rules["wechat"] != (wallet.Rule{Interval: 1500 * time.Millisecond, GiveUp: 45 * time.Second}) ||
		got.Rules["alipay"] != (wallet.Rule{Interval: 4 * time.Second, GiveUp: 90 * time.Second}) {
		t.Errorf("%+v", got)
	}
}
