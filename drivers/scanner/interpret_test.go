package scanner

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/drivers"
)

func elements(pairs ...string) []drivers.Element {
	var all []drivers.Element
	for i := 0; i < len(pairs); i += 2 {
		all = append(all, drivers.Element{AI: pairs[i], Value: pairs[i+1]})
	}
	return all
}

func TestInterpret(t *testing.T) {
	for _, c := range []struct {
		code string
		want drivers.Scan // without Raw and At; Fault is a part of it
	}{
		{"abc", drivers.Scan{Text: "abc"}},
		{"]Q1abc", drivers.Scan{Text: "abc", AIM: "]Q1", Symbology: "qr"}},
		{"]Q1", drivers.Scan{AIM: "]Q1", Symbology: "qr"}},
		{"]Y1abc", drivers.Scan{Text: "]Y1abc"}}, {"]Q", drivers.Scan{Text: "]Q"}}, {"]Q-x", drivers.Scan{Text: "]Q-x"}},
		{"]E04006381333931", drivers.Scan{Text: "4006381333931", AIM: "]E0", Symbology: "ean_13"}},
		{"]E496385074", drivers.Scan{Text: "96385074", AIM: "]E4", Symbology: "ean_8"}},
		{"]E04006381333932", drivers.Scan{Text: "4006381333932", AIM: "]E0", Symbology: "ean_13", Fault: "check digit"}},
		{"]E0036000291452", drivers.Scan{Text: "036000291452", AIM: "]E0", Symbology: "ean_13", Fault: "not read whole"}},
		{"]E49638507A", drivers.Scan{Text: "9638507A", AIM: "]E4", Symbology: "ean_8", Fault: "not read whole"}},
		{"]E312", drivers.Scan{Text: "12", AIM: "]E3", Symbology: "ean_upc"}},
		{"]C10109506000134352", drivers.Scan{Text: "\x1d0109506000134352", AIM: "]C1", Symbology: "gs1_128",
			Elements: elements("01", "09506000134352")}},
		{"]d2\x1d0109506000134352\x1d10A", drivers.Scan{Text: "\x1d0109506000134352\x1d10A", AIM: "]d2", Symbology: "gs1_data_matrix",
			Elements: elements("01", "09506000134352", "10", "A")}},
		{"\x1d0109506000134352", drivers.Scan{Text: "\x1d0109506000134352", Elements: elements("01", "09506000134352")}},
		{"\x1d01", drivers.Scan{Text: "\x1d01", Fault: "too short"}},
		{"]e0010950600013435210ABC17251231", drivers.Scan{Text: "\x1d010950600013435210ABC17251231", AIM: "]e0", Symbology: "gs1_databar",
			Elements: elements("01", "09506000134352"), Ambiguous: true}},
		{"]C1", drivers.Scan{Text: "\x1d", AIM: "]C1", Symbology: "gs1_128", Fault: "empty"}},
		{"]Q30109506000134353", drivers.Scan{Text: "\x1d0109506000134353", AIM: "]Q3", Symbology: "gs1_qr", Fault: "check digit"}},
		{"]J10112345678901234|]e010A", drivers.Scan{Text: "\x1d0112345678901234", AIM: "]J1", Symbology: "gs1_dotcode", Fault: "check digit",
			Elements: elements("10", "A")}},
		{"]E04006381333931|]e010A", drivers.Scan{Text: "4006381333931", AIM: "]E0", Symbology: "ean_13",
			Elements: elements("01", "04006381333931", "10", "A")}},
		{"]E04006381333931|]e0", drivers.Scan{Text: "4006381333931", AIM: "]E0", Symbology: "ean_13",
			Elements: elements("01", "04006381333931"), Fault: "empty"}},
		{"]Q1https://id.gs1.org/01/9506000134352", drivers.Scan{Text: "https://id.gs1.org/01/9506000134352", AIM: "]Q1", Symbology: "qr",
			Elements: elements("01", "09506000134352")}},
		{"https://example.com/2024/01/02", drivers.Scan{Text: "https://example.com/2024/01/02"}},
		{"(10)A", drivers.Scan{Text: "(10)A", Elements: elements("10", "A")}},
		{"(see below)", drivers.Scan{Text: "(see below)"}},
	} {
		got := interpret([]byte(c.code), autoEncoding, time.Unix(1, 0))
		if string(got.Raw) != c.code || !got.At.Equal(time.Unix(1, 0)) {
			t.Errorf("%q: raw %q at %s", c.code, got.Raw, got.At)
		}
		fault := got.Fault
		if !strings.Contains(fault, c.want.Fault) || (fault == "") != (c.want.Fault == "") {
			t.Errorf("%q: fault %q, want %q", c.code, fault, c.want.Fault)
		}
		got.Raw, got.At, got.Fault, c.want.Fault = nil, time.Time{}, "", ""
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%q: text %q %q %q elements %v %v", c.code, got.Text, got.AIM, got.Symbology, got.Elements, got.Ambiguous)
		}
	}
}

func TestSymbologies(t *testing.T) {
	for aim, want := range map[string]string{"]A0": "code_39", "]C0": "code_128", "]F0": "codabar", "]G0": "code_93", "]H0": "code_11",
		"]I1": "itf", "]J0": "dotcode", "]L0": "pdf417", "]M0": "msi", "]R0": "two_of_five", "]S0": "two_of_five", "]U0": "maxicode",
		"]X0": "other", "]d1": "data_matrix", "]d5": "gs1_data_matrix", "]h0": "han_xin", "]z0": "aztec", "]z1": "gs1_aztec",
		"]Q4": "gs1_qr", "]e0": "gs1_databar", "]B0": ""} {
		if got := symbology(aim); got != want {
			t.Errorf("%s: %q, want %q", aim, got, want)
		}
	}
}

func TestEncodings(t *testing.T) {
	for _, c := range []struct{ payload, encoding, want string }{
		{"苹果 2.50", "latin1", "苹果 2.50"},      // valid UTF-8 wins
		{"\xc6\xbb\xb9\xfb", "auto", "苹果"},    // GBK
		{"\xc6\xbb\xb9\xfb", "gb18030", "苹果"}, // GBK
		{"\x8b\xe0\x8az", "sjis", "金額"},       // Shift JIS
		{"\xaa\xf7\xc3B", "big5", "金額"},       // Big5
		{"caf\xe9 \xa3", "latin1", "café £"},  // Latin-1
		{"caf\xe9", "auto", "café"},           // no GB18030
		{"caf\xe9", "gb18030", "caf\uFFFD"},   // what the setting does not know is shown as such
	} {
		if got := toText(c.payload, c.encoding); got != c.want {
			t.Errorf("%x as %s: %q, want %q", c.payload, c.encoding, got, c.want)
		}
	}
}

func TestScanShowsNoCode(t *testing.T) {
	scan := interpret([]byte("]Q1134567890123456789"), autoEncoding, time.Time{})
	for _, s := range []string{fmt.Sprint(scan), fmt.Sprintf("%+v", scan), fmt.Sprintf("%#v", scan), fmt.Sprintf("%v", []drivers.Scan{scan})} {
		if strings.Contains(s, "3456") || !strings.Contains(s, "qr") {
			t.Errorf("%s", s)
		}
	}
}
