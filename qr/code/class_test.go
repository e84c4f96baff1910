package code

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func digits(prefix string, length int) string {
	return prefix + strings.Repeat("7", length-len(prefix))
}

func b64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

// mot is a transit code of the right outer form.
func mot(version byte, n int) []byte {
	return append([]byte{version, byte(n >> 8), byte(n), 0x24}, make([]byte, n-1)...)
}

// unionPay is a transit code of the right outer form with n bytes of the operator's own.
func unionPay(n int) []byte {
	b := make([]byte, 41+n+65)
	b[0], b[40] = 0x02, byte(n)
	return b
}

func TestClassify(t *testing.T) {
	for _, c := range []struct {
		text   string
		kind   Kind
		scheme Scheme
	}{
		{"hQVDUFYwMWEVTwegAAAABBAQUAVERUJJVJ8lAhER", Payment, EMVCPM},
		{"hQVDUFYwMWEVTwegAAAABB", Payment, EMVCPM}, // damaged, and a secret all the same
		{"hQVKUFFSMWEVTwegAAAABBAQUAVERUJJVJ8lAhER", Payment, JPQR},
		{digits("10", 18), Payment, WeChat}, {digits("15", 18), Payment, WeChat}, {digits("160", 18), Payment, WeChat},
		{digits("161", 18), UnknownPayment, ""}, {digits("17", 18), UnknownPayment, ""},
		{digits("10", 17), UnknownPayment, ""}, {digits("10", 19), UnknownPayment, ""},
		{digits("25", 16), Payment, Alipay}, {digits("30", 24), Payment, Alipay}, {digits("28", 18), Payment, Alipay},
		{digits("31", 16), UnknownPayment, ""}, {digits("24", 16), UnknownPayment, ""},
		{digits("25", 15), Other, ""}, {digits("25", 25), Other, ""},
		{"fp" + strings.Repeat("aZ9", 11), Payment, AlipayFace}, {"fp" + strings.Repeat("a", 32), Other, ""},
		{"fp" + strings.Repeat("a", 32) + "-", Other, ""},
		{digits("62", 19), Payment, UnionPay}, {digits("62", 18), UnknownPayment, ""}, {digits("62", 20), UnknownPayment, ""},
		{b64(mot(0x80, 329)), Payment, MOTTransit}, {string(mot(0x81, 338)), Payment, MOTTransit},
		{string(append(mot(0x81, 337), '\r')), Other, ""},
		{b64(mot(0x82, 329)), Other, ""}, {b64(mot(0x80, 329)[:300]), Other, ""},
		{b64(unionPay(0)), Payment, UnionPayTransit}, {b64(unionPay(7)), Payment, UnionPayTransit}, {b64(unionPay(7)[1:]), Other, ""},
		// rows that are switched off: forwarded as unknown
		{digits("5678", 19), UnknownPayment, ""}, {digits("91", 18), UnknownPayment, ""}, {digits("01", 19), UnknownPayment, ""},
		{digits("9", 16), UnknownPayment, ""}, {digits("9", 24), UnknownPayment, ""},
		{digits("9", 15), Other, ""}, {digits("9", 25), Other, ""},
		{"https://example.com/pay?x=1", URL, ""}, {"HTTPS://EXAMPLE.COM", URL, ""}, {"https://id.gs1.org/01/09506000134352", URL, ""},
		{"4006381333931", Goods, ""}, {"96385074", Goods, ""}, {"036000291452", Goods, ""}, {"09506000134352", Goods, ""},
		{"4006381333932", Other, ""},
		{"\x1d0109506000134352", GS1, ""}, {"]C10109506000134352", GS1, ""}, {"(01)09506000134352", GS1, ""}, {"(x)", Other, ""},
		{"hello", Other, ""}, {"", Other, ""}, {" \r\n", Other, ""},
	} {
		got := Classify(c.text)
		if got.Kind != c.kind || got.Scheme != c.scheme || got.Note == "" {
			t.Errorf("%.40q (%d): %+v, want %s %s", c.text, len(c.text), got, c.kind, c.scheme)
		}
		if got.Kind.Payable() != (c.kind == Payment || c.kind == UnknownPayment) {
			t.Errorf("%s: payable?", c.kind)
		}
	}
}

func TestOneTerminatorIsTrimmed(t *testing.T) {
	for text, want := range map[string]string{
		"12": "12", " 12 ": "12", "12\r\n": "12", " 12 \r": "12", "12\t": "12", "12\x03": "12", "12\r \n": "12\r",
		"12\n\n": "12\n", "1 2": "1 2", "\r12": "\r12", "12\r\n ": "12", "": "",
	} {
		if got := Trim(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	if c := Classify(" 134567890123456789\r\n"); c.Scheme != WeChat {
		t.Errorf("a terminator hides the scheme: %+v", c)
	}
	if c := Classify("134567890123456789\n\n"); c.Kind != Other {
		t.Errorf("two terminators are no code: %+v", c)
	}
}

func TestTableIsWhole(t *testing.T) {
	table := BuiltIn()
	if table.Version < 1 {
		t.Error("the table has no version")
	}
	off := []Scheme{}
	for _, r := range table.Rules {
		if r.Name == "" || len(r.Prefixes) == 0 && r.Form != MOTLayout && r.Form != UnionPayLayout {
			t.Errorf("rule %+v is not complete", r)
		}
		if !r.Enabled {
			off = append(off, r.Scheme)
		}
	}
	if want := []Scheme{WeBank, Lakala, JD, QQ, BestPay, ECNY}; !slices.Equal(off, want) {
		t.Errorf("disabled: %v", off)
	}
	for i := range table.Rules {
		table.Rules[i].Enabled = true
	}
	for text, want := range map[string]Scheme{digits("5678", 19): WeBank, digits("812", 19): Lakala, digits("18", 18): JD,
		digits("91", 18): QQ, digits("51", 18): BestPay, digits("01", 19): ECNY, digits("811", 19): ""} {
		if c := table.Classify(text); c.Scheme != want {
			t.Errorf("%s: %+v", text, c)
		}
	}
}

func TestHash(t *testing.T) {
	a, b := [32]byte{1}, [32]byte{2}
	h := Hash(a, "134567890123456789")
	// echo -n 134567890123456789 | openssl dgst -sha256 -mac HMAC -macopt hexkey:0100...00, the first half
	if got := fmt.Sprintf("%x", h); got != "61ca63cc21e2d21fba885164f986e4b7" {
		t.Errorf("hash %s", got)
	}
	if Hash(a, " 134567890123456789\r\n") != h {
		t.Error("the hash depends on the terminator")
	}
	if Hash(b, "134567890123456789") == h || Hash(a, "134567890123456780") == h {
		t.Error("the hash does not depend on key or code")
	}
}

// TestNothingOfTheCodeComesOut draws codes of which no part of eight characters may appear in what is told of them.
func TestNothingOfTheCodeComesOut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(
			rapid.StringMatching(`1[0-5][0-9]{16}`), rapid.StringMatching(`hQVDUFYwMWE[A-Za-z0-9+/]{20,60}={0,2}`),
			rapid.StringMatching(`[0-9]{16,24}`), rapid.StringMatching(`fp[0-9a-zA-Z]{33}`)).Draw(t, "text")
		_, err := ParseCPM(text)
		told := fmt.Sprintf("%+v %v %+v", Classify(text), err, Decode([]byte(text)))
		for i := range len(text) - 8 {
			if strings.Contains(told, text[i:i+8]) {
				t.Fatalf("%q shows %q", told, text[i:i+8])
			}
		}
	})
}
