package code

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// worked is the worked example of the field: AID A0000000041010, label DEBIT, last four 1111.
const worked = "hQVDUFYwMWEVTwegAAAABBAQUAVERUJJVJ8lAhER"

// cpm makes a code of hex: the format indicator and what is given.
func cpm(rest string) string { return b64(unhex("85054350563031" + rest)) }

func unhex(s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic(err)
	}
	return b
}

func TestParseCPM(t *testing.T) {
	one := func(aid, label, last4 string) []Application {
		return []Application{{AID: aid, Label: label, Last4: last4}}
	}
	const aid = "4F07A0000000041010"
	for _, c := range []struct {
		name, text string
		want       []Application
	}{
		{"worked example", worked, one("a0000000041010", "DEBIT", "1111")},
		{"with terminator", worked + "\r\n", one("a0000000041010", "DEBIT", "1111")},
		{"no label, no digits", cpm("6109" + aid), one("a0000000041010", "", "")},
		{"long form of lengths", cpm("618109" + aid), one("a0000000041010", "", "")},
		{"longer form of lengths", cpm("61820009" + aid), one("a0000000041010", "", "")},
		{"card number", cpm("6113" + aid + "5A08 4111111111111111"), one("a0000000041010", "", "1111")},
		{"odd card number", cpm("6113" + aid + "5A08 378282246310005F"), one("a0000000041010", "", "0005")},
		{"track with odd card number", cpm("6117" + aid + "570C 378282246310005D 99122010"), one("a0000000041010", "", "0005")},
		{"9F25 wins", cpm("6118" + aid + "5A08 4111111111111111 9F25022222"), one("a0000000041010", "", "2222")},
		{"damaged 9F25 does not", cpm("6118" + aid + "5A08 4111111111111111 9F25022A22"), one("a0000000041010", "", "1111")},
		{"digits in the common data", cpm("6109" + aid + "6205 9F25023333"), one("a0000000041010", "", "3333")},
		{"common data first", cpm("6205 9F25023333 6109" + aid), one("a0000000041010", "", "3333")},
		{"card number that is none", cpm("610E" + aid + "5A03 123456"), one("a0000000041010", "", "")},
		{"unknown objects", cpm("9F080200106109" + aid + "DF8101 01 00"), one("a0000000041010", "", "")},
		{"opaque data", cpm("610C" + aid + "6301FF 6400"), one("a0000000041010", "", "")},
		{"template without AID", cpm("6107 5005 4445424954 6109" + aid), one("a0000000041010", "", "")},
		{"template with short AID", cpm("6106 4F04A0000000 6109" + aid), one("a0000000041010", "", "")},
		{"label with control character", cpm("610E" + aid + "5003 411B42"), one("a0000000041010", "A?B", "")},
		{"label with card number", cpm("611B" + aid + "5010 34313131313131313131313131313131"), one("a0000000041010", strings.Repeat("*", 16), "")},
		{"label too long", cpm("611C" + aid + "5011" + strings.Repeat("41", 17)), one("a0000000041010", "", "")},
		{"two cards", cpm("6109 4F07A0000000031010 6109" + aid), []Application{{AID: "a0000000031010"}, {AID: "a0000000041010"}}},
	} {
		got, err := ParseCPM(c.text)
		if err != nil || !reflect.DeepEqual(got.Applications, c.want) || got.Scheme != EMVCPM || got.Format != "CPV01" {
			t.Errorf("%s: %+v, %v", c.name, got, err)
		}
	}
	if got, err := ParseCPM(b64(unhex("85054A50515231 6109" + aid))); err != nil || got.Scheme != JPQR {
		t.Errorf("JPQR: %+v, %v", got, err)
	}
}

func TestParseCPMRefuses(t *testing.T) {
	const aid = "4F07A0000000041010"
	for _, c := range []struct {
		name, text string
		want       error
	}{
		{"nothing", "", errBase64}, {"no base64", "hQVDUFY!", errBase64}, {"no padding", strings.TrimRight(cpm("6109"+aid+"9F080101"), "="), errBase64},
		{"line break inside", worked[:20] + "\n" + worked[20:], errBase64}, {"bits behind the padding", "hQVDUFYwMWF=", errBase64},
		{"format not first", b64(unhex("6109" + aid + "85054350563031")), errFormat}, {"other format", b64(unhex("85054350563032 6109" + aid)), errFormat},
		{"long format", b64(unhex("8506435056303131 6109" + aid)), errFormat},
		{"no template", cpm(""), errNoApplication}, {"no AID", cpm("6107 5005 4445424954"), errNoApplication},
		{"AID too long", cpm("6113 4F11" + strings.Repeat("A0", 17)), errNoApplication},
		{"template beyond the end", cpm("610A" + aid), errTruncated}, {"nested beyond the end", cpm("6109 4F08A0000000041010"), errTruncated},
		{"nested length overflow", cpm("6109 4F82FFFF0000041010"), errTruncated}, {"length missing", cpm("6109" + aid + "61"), errTruncated},
		{"long length cut", cpm("6109" + aid + "6182FF"), errTruncated}, {"tag cut", cpm("6109" + aid + "9F"), errTruncated},
		{"indefinite length", cpm("6180" + aid + "0000"), errTLV}, {"too long a length", cpm("618300000900" + aid), errTLV},
		{"trailing bytes", cpm("6109" + aid + "0000"), errTLV}, {"endless tag", cpm("6109" + aid + "DF818181 0100"), errTLV},
		{"common data twice", cpm("6200 6109" + aid + "6200"), errCommon},
	} {
		got, err := ParseCPM(c.text)
		if !errors.Is(err, c.want) || got.Applications != nil {
			t.Errorf("%s: %+v, %v; want %v", c.name, got, err, c.want)
		}
	}
	for n := range len(worked) {
		if _, err := ParseCPM(worked[:n]); err == nil {
			t.Errorf("the first %d characters are taken for a whole code", n)
		}
	}
}

func TestChoose(t *testing.T) {
	c, err := ParseCPM(cpm("6109 4F07A0000000031010 6107 4F05A000000004"))
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range []struct {
		supported []string
		want      string
	}{
		{[]string{"A0000000041010", "A0000000031010"}, "a0000000031010"}, // the customer's order
		{[]string{"A0000000041010"}, "a000000004"},                       // the code names the begin of it
		{[]string{"A00000000310"}, ""},                                   // the shop's is only the begin of the code's
		{nil, ""},
	} {
		if got, ok := c.Choose(k.supported); got.AID != k.want || ok != (k.want != "") {
			t.Errorf("%v: %+v", k.supported, got)
		}
	}
	if s := fmt.Sprint(c); s != "CPV01 code with 2 applications" {
		t.Errorf("String: %s", s)
	}
}

func TestDecode(t *testing.T) {
	d := Decode([]byte(worked + "\n"))[0]
	want := map[string]any{"x_scheme": "emv_cpm", "x_85": "CPV01", "x_4f": "a0000000041010", "card_name": "DEBIT", "last4": "1111",
		"x_aids": []string{"a0000000041010"}}
	if !d.OK || d.Name != "emv_cpm" || d.Protocol != "cpm" || !reflect.DeepEqual(d.Fields, want) || d.Frame != strings.Repeat("2a", len(worked)) {
		t.Errorf("%+v", d)
	}
	d = Decode([]byte(worked[:36]))[0]
	if d.OK || !strings.HasPrefix(d.Error, "truncated") || d.Fields != nil {
		t.Errorf("%+v", d)
	}
}

func FuzzParseCPM(f *testing.F) {
	for _, s := range []string{worked, cpm("6113 4F07A0000000041010 5A08 4111111111111111"), cpm("6180"), cpm("9F"), cpm("61827FFF"), "", "===="} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, err := ParseCPM(s)
		if err != nil {
			return
		}
		raw, _ := base64.StdEncoding.DecodeString(Trim(s))
		for _, a := range c.Applications {
			aid, err := hex.DecodeString(a.AID)
			if err != nil || !bytes.Contains(raw, aid) || len(a.Last4) != 0 && len(a.Last4) != 4 || len(a.Label) > maxLabel {
				t.Errorf("%+v", a)
			}
		}
		Classify(s)
	})
}
