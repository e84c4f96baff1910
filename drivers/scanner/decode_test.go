package scanner

import (
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/drivers"
)

func fields(pairs ...string) map[string]any {
	m := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return m
}

func TestDecode(t *testing.T) {
	hexed := func(s string) string { return hex.EncodeToString([]byte(s)) }
	stars := strings.Repeat("*", 18)
	for _, c := range []struct {
		input, name, frame string
		fields             map[string]any
		err                string
	}{
		{"hello", nameText, hexed("hello"), fields("text", "hello"), ""},
		{"4006381333931\r\n", nameGTIN, hexed("4006381333931\r\n"), fields("text", "4006381333931", "x_gtin", "04006381333931"), ""},
		{"\x024006381333931\x03", nameGTIN, hexed("\x024006381333931\x03"), fields("text", "4006381333931", "x_gtin", "04006381333931"), ""},
		{"]E04006381333932", nameText, hexed("]E04006381333932"),
			fields("text", "4006381333932", "x_aim", "]E0", "x_symbology", "ean_13"), "check digit"},
		{"]Q1134567890123456789\r", namePayment, hexed("]Q1" + stars + "\r"),
			fields("text", stars, "x_aim", "]Q1", "x_symbology", "qr", "x_scheme", "wechat"), ""},
		{"994567890123456789", namePayment, hexed(stars), fields("text", stars, "x_scheme", "unknown"), ""},
		{"]C1010950600013435210ABC", nameGS1, hexed("]C1010950600013435210ABC"), fields("text", "010950600013435210ABC", "x_aim", "]C1",
			"x_symbology", "gs1_128", "x_ai_01", "09506000134352", "x_ai_10", "ABC", "x_gtin", "09506000134352"), ""},
		{"]C1" + "10ABC17251231", nameGS1, hexed("]C110ABC17251231"), fields("text", "10ABC17251231", "x_aim", "]C1",
			"x_symbology", "gs1_128", "x_ambiguous", "separators seem to be lost; elements behind the first doubt are left out"), ""},
		{"https://example.com/x", nameURL, hexed("https://example.com/x"), fields("text", "https://example.com/x"), ""},
		{"https://example.com/01/9506000134352", nameURL, hexed("https://example.com/01/9506000134352"),
			fields("text", "https://example.com/01/9506000134352", "x_ai_01", "09506000134352", "x_gtin", "09506000134352"), ""},
		{";4111111111111111=2512?", nameText, hexed(";************1111*****?"), fields("text", ";************1111*****?"), ""},
		{"%B4111111111111112^DOE/JANE^2512?", nameText, hexed("%B************1112**************?"), fields("text", "%B************1112**************?"), ""},
		{"4111 1111 1111 1111", nameText, hexed("**** **** **** 1111"), fields("text", "**** **** **** 1111"), ""},
		{"https://example.com/?n=4111111111111111", nameURL, hexed("https://example.com/?n=************1111"), fields("text", "https://example.com/?n=************1111"), ""},
		{"378282246310005", nameText, hexed("***********0005"), fields("text", "***********0005"), ""},
		{"378282246310006", nameText, hexed("378282246310006"), fields("text", "378282246310006"), ""},
		{"]C1", nameGS1, hexed("]C1"), fields("text", "", "x_aim", "]C1", "x_symbology", "gs1_128"), "empty"},
	} {
		got := Decode([]byte(c.input))
		if len(got) != 1 {
			t.Errorf("%q: %+v", c.input, got)
			continue
		}
		d := got[0]
		if d.Name != c.name || d.Frame != c.frame || d.Protocol != "scan" || d.OK != (c.err == "") || !strings.Contains(d.Error, c.err) ||
			!maps.Equal(d.Fields, c.fields) {
			t.Errorf("%q: %+v", c.input, d)
		}
	}
}

func TestDecodeSeveral(t *testing.T) {
	names := func(all []drivers.Decoded) (names []string) {
		for _, d := range all {
			names = append(names, d.Name+":"+d.Frame)
		}
		return names
	}
	if got := names(Decode([]byte("a\r\nb\r\n\r\nc\td"))); !slices.Equal(got, []string{"text:610d0a", "text:620d0a", "text:6309", "text:64"}) {
		t.Errorf("%v", got)
	}
	if got := Decode([]byte("\r\n\r\n")); len(got) != 0 {
		t.Errorf("%v", got)
	}
	long := strings.Repeat("x", 8193)
	for _, input := range []string{long + "\rabc\r", "abc\r" + long} {
		all := Decode([]byte(input))
		if len(all) != 2 || all[0].OK == all[1].OK {
			t.Errorf("%d objects", len(all))
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{"4006381333931\r\n", "]C10109506000134352\x1d10A\r", "\x02abc\x03", "\xc6\xbb\xb9\xfb\n", "]E04006381333931|]e010A",
		"134567890123456789", ";4111111111111111=2512?", "https://example.com/01/9506000134352", "]", "]Q1", strings.Repeat("x", 8200)} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, input []byte) {
		total := 0
		for _, d := range Decode(input) {
			frame, err := hex.DecodeString(d.Frame)
			if err != nil || d.Name == "" || d.OK != (d.Error == "") {
				t.Errorf("%q: %+v", input, d)
			}
			total += len(frame)
		}
		if total > len(input) {
			t.Errorf("%q: frames of %d bytes", input, total)
		}
	})
}
