package agent_test

import (
	"path/filepath"
	"strings"
	"testing"
)

// withPlatform is the least configuration of a till that can ask a platform.
func withPlatform() string {
	return least + "platform: {broker: tcp://127.0.0.1:1883, root_key: " + strings.Repeat("ab", 32) + "}\n"
}

func TestTendersThatNeedThePlatform(t *testing.T) {
	c, err := load(t, withPlatform()+`tenders: [cash, card, code, qr]
goods: shelf/goods.csv
languages: [zh-CN]
qr:
  - {scheme: wechat, source: platform}
  - {scheme: epc, source: local, ttl_s: 60, values: {name: Corner Shop, iban: DE89370400440532013000}}
`)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.QR) != 2 || c.QR[0].TTLS != 180 || c.QR[1].TTLS != 60 || c.Goods != filepath.Join(filepath.Dir(c.Data), "shelf", "goods.csv") || c.Languages[0] != "zh-CN" {
		t.Errorf("%+v", c)
	}
}

func TestWaysToPayThatCannotWorkAreRefused(t *testing.T) {
	epc := "{scheme: epc, source: local, values: {name: Shop, iban: DE89370400440532013000}}"
	for name, c := range map[string]struct{ text, says string }{
		"code without a platform":   {least + "tenders: [code]\n", "needs platform.broker"},
		"qr without a scheme":       {least + "tenders: [qr]\n", "at least one entry"},
		"an unknown tender":         {least + "tenders: [gold]\n", "not a tender"},
		"an unknown language":       {least + "languages: [tlh]\n", "not a language"},
		"no language":               {least + "languages: []\n", "at least one language"},
		"issued without a platform": {least + "qr: [{scheme: wechat, source: platform}]\n", "needs platform.broker"},
		"an unknown scheme":         {least + "qr: [{scheme: gold, source: local}]\n", "not a scheme that the till can make"},
		"only read":                 {least + "qr: [{scheme: duitnow, source: local}]\n", "not a scheme that the till can make"},
		"no reference":              {least + "currency: THB\nqr: [{scheme: promptpay, source: local}]\n", "no reference"},
		"a missing value":           {least + "qr: [{scheme: epc, source: local, values: {name: Shop}}]\n", "iban"},
		"a wrong value":             {least + "qr: [" + strings.Replace(epc, "89", "88", 1) + "]\n", "check digits"},
		"another currency":          {least + "currency: JPY\nqr: [" + epc + "]\n", "JPY"},
		"shown too short":           {least + "qr: [" + strings.Replace(epc, "source", "ttl_s: 3, source", 1) + "]\n", "ttl_s"},
		"a source that is none":     {least + "qr: [{scheme: epc, source: thin-air}]\n", "neither local nor platform"},
		"values for an issued one":  {withPlatform() + "qr: [{scheme: wechat, source: platform, values: {a: b}}]\n", "no values"},
	} {
		_, err := load(t, c.text)
		if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "till.yaml:") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestGoodsThatCannotBeReadStopTheStart(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.config.Goods = filepath.Join(w.dir, "goods.csv")
	write(t, w.config.Goods, "code,name,price\ntea,Tea,cheap\n")
	if code := w.fails(); code != "config_invalid" {
		t.Errorf("%s", code)
	}
}
