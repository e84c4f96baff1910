package gs1

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// join writes a result as identifier=value pairs, with ? behind an ambiguous one.
func join(r Result) string {
	var parts []string
	for _, e := range r.Elements {
		parts = append(parts, e.AI+"="+e.Value)
	}
	s := strings.Join(parts, " ")
	if r.Ambiguous {
		s += "?"
	}
	return s
}

func TestParse(t *testing.T) {
	for _, c := range []struct{ data, want string }{
		{"0109506000134352", "01=09506000134352"},
		{"\x1d0109506000134352", "01=09506000134352"},
		{"0109506000134352\x1d", "01=09506000134352"},
		{"010950600013435217251231", "01=09506000134352 17=251231"},
		{"0109506000134352\x1d17251231", "01=09506000134352 17=251231"},
		{"10ABC\x1d21XY\x1d", "10=ABC 21=XY"},
		{"\x1d10AB2112", "10=AB2112"}, // a scanner that sends FNC1 drops no separator
		{"00340123450000000000", "00=340123450000000000"}, {"00340123450000000001", ""},
		{"3103000735", "3103=000735"},
		{"3922250", "3922=250"},
		{"393297812345", "3932=97812345"},
		{"8003095060001343520AB", "8003=095060001343520AB"},
		{"17250200", "17=250200"},
		{"7003241231235", ""},
		{"70032412312359", "7003=2412312359"},
		{"17240229", "17=240229"},
		{"800824123123", "8008=24123123"},
		{"7250" + "19700101\x1d10A", "10=A"}, // about a patient: left out
		{"423276056", "423=276056"},
		{"8010AB-1/2#", "8010=AB-1/2#"},
		{"8030ab_-=", "8030=ab_-="},
		{"2001", "20=01"},
		// separators that the scanner dropped
		{"0109506000134352" + "10ABC17251231", "01=09506000134352?"},
		{"10ABCDEFGHIJKLMNOPQRSTUVWXYZ", "?"},
		{"21A10B", "?"},
		{"0109506000134352" + "10ABC123", "01=09506000134352 10=ABC123"},
	} {
		r, err := Parse(c.data)
		if got := join(r); c.want == "" && err == nil || c.want != "" && (err != nil || got != c.want) {
			t.Errorf("%q: %s, %v; want %s", c.data, got, err, c.want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, c := range []struct {
		data string
		want error
	}{
		{"", ErrEmpty}, {"\x1d", ErrEmpty},
		{"0", errNoIdentifier}, {"0412345678901234567", errNoIdentifier}, {"99", errShort}, {"23", errNoIdentifier},
		{"3106000001", errNoIdentifier}, {"\x1d\x1d10A", errNoIdentifier},
		{"0109506000134353", errDigit}, {"010950600013435", errShort}, {"01095060001343A2", errSet},
		{"10\x1d21A", errShort}, {"10A^B", errSet}, {"10ä", errSet}, {"17251301", errDate}, {"17250230", errDate},
		{"17250431", errDate}, {"7006250100", errDate}, {"10" + strings.Repeat("A", 21) + "\x1d21B", errLong},
		{"80031950600013435200", errNoZero}, {"4321" + "12\x1d", errLong}, {"01\x1d5060001343520", errSet},
	} {
		if r, err := Parse(c.data); !errors.Is(err, c.want) {
			t.Errorf("%q: %+v, %v; want %v", c.data, r, err, c.want)
		} else if r.Elements != nil {
			t.Errorf("%q: elements beside an error", c.data)
		}
	}
}

// TestEveryFormatFits builds a value for each identifier of the table, and one that is a character too long.
func TestEveryFormatFits(t *testing.T) {
	count := 0
	for i := range 100 + 1000 + 10000 {
		ai := identifierName(i)
		f := format(ai)
		if f == "" {
			continue
		}
		count++
		if len(ai) != identifierLength(ai[:2]) {
			t.Errorf("%s has %d digits, the table of lengths says %d", ai, len(ai), identifierLength(ai[:2]))
		}
		longest := sample(f)
		if err := check(f, longest); err != nil {
			t.Errorf("%s: %q does not fit %s: %v", ai, longest, f, err)
		}
		if n := predefined(ai[:2]); n > 0 && n != len(ai)+len(longest) {
			t.Errorf("%s: predefined length %d, format %s", ai, n, f)
		}
		if check(f, longest+"0") == nil || check(f, "") == nil {
			t.Errorf("%s: %s takes any length", ai, f)
		}
	}
	if count < 400 {
		t.Errorf("only %d identifiers", count)
	}
}

// identifierName counts 00 to 99, then 000 to 999, then 0000 to 9999.
func identifierName(i int) string {
	width, at := 2, i
	if i >= 1100 {
		width, at = 4, i-1100
	} else if i >= 100 {
		width, at = 3, i-100
	}
	return fmt.Sprintf("%0*d", width, at)
}

// sample is the longest value of a format.
func sample(f string) string {
	var out string
	for name := range strings.FieldsSeq(f) {
		p := parsePart(name)
		s := strings.Repeat("0", p.big)
		switch p.rule {
		case 'c':
			s = s[1:] + string(rune(CheckDigit(s[1:])))
		case 'd', 'D':
			s = "250131"
		}
		out += s
	}
	return out
}

func TestIdentifiersOfTheSheet(t *testing.T) {
	for ai, want := range map[string]string{
		"00": "N18c", "37": "N..8", "90": "X..30", "99": "X..90", "235": "X..28", "242": "N..6", "253": "N13c [X..17]", "402": "N17c",
		"421": "N3 X..9", "427": "X..3", "3105": "N6", "3106": "", "3170": "", "3370": "N6", "3380": "", "3579": "", "3909": "N..15",
		"3943": "N4", "3944": "", "3955": "N6", "4309": "N20", "7039": "N3 X..27", "7239": "X2 X..28", "8111": "N4", "8200": "X..70",
		"04": "", "14": "", "18": "", "235x": "", "8113": "", "7050": "", "4340": "", "7260": "", "1": "", "12345": "",
	} {
		if got := format(ai); got != want {
			t.Errorf("%s: %q, want %q", ai, got, want)
		}
	}
}

func TestGTIN(t *testing.T) {
	for code, want := range map[string]string{
		"4006381333931": "04006381333931", "036000291452": "00036000291452", "96385074": "00000096385074",
		"09506000134352": "09506000134352", "10614141000415": "10614141000415",
		"4006381333932": "", "400638133393": "", "": "", "40063813339311": "", "4006381A33931": "", "1234567890": "",
	} {
		if got, ok := GTIN(code); got != want || ok != (want != "") {
			t.Errorf("%s: %q, %v", code, got, ok)
		}
	}
	if !CarriesGS1("]C1") || CarriesGS1("]C0") || CarriesGS1("") {
		t.Error("which AIM identifiers carry GS1 data")
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"0109506000134352", "10ABC\x1d21XY", "0109506000134352" + "10ABC17251231", "(01)09506000134352(10)AB",
		"https://id.gs1.org/01/9506000134352?17=251231", "\x1d99" + strings.Repeat("9", 100), "8003", "(0", `(10)\(`, "http://%zz/01/1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, parse := range []func(string) (Result, error){Parse, Read, ParseBracketed, ParseLink} {
			r, err := parse(s)
			for _, e := range r.Elements {
				if problem := check(format(e.AI), e.Value); err == nil && problem != nil {
					t.Errorf("%q: element %+v: %v", s, e, problem)
				}
			}
			if err == nil && len(r.Elements) == 0 && !r.Ambiguous && !strings.Contains(s, "725") && s != "" {
				t.Errorf("%q: nothing found and no error", s)
			}
		}
	})
}
