package gs1

import (
	"errors"
	"testing"
)

func TestParseLink(t *testing.T) {
	for _, c := range []struct{ link, want string }{
		{"https://id.gs1.org/01/09506000134352", "01=09506000134352"},
		{"https://id.gs1.org/01/9506000134352/", "01=09506000134352"},
		{"HTTP://EXAMPLE.COM/01/036000291452", "01=00036000291452"},
		{"https://shop.example/a/b/01/96385074/22/2A/10/B%2F1/21/X?17=251231&utm=1&3103=000195", "01=00000096385074 22=2A 10=B/1 21=X 17=251231 3103=000195"},
		{"https://example.com/01/9506000134352/235/AB", "01=09506000134352 235=AB"},
		{"https://example.com/01/9506000134352/414/9506000134352", "414=9506000134352"}, // the last primary key counts
		{"https://example.com/00/340123450000000000", "00=340123450000000000"},
		{"https://example.com/8004/AB/7040/1ABC;x=1", ""},
		{"https://example.com/8004/AB/7040/1ABC", "8004=AB 7040=1ABC"},
		{"https://example.com/417/9506000134352?99=1;98=2", "417=9506000134352 99=1 98=2"},
		{"https://example.com/255/9506000134352?7253=Name", "255=9506000134352"},
	} {
		if r, err := ParseLink(c.link); join(r) != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%s: %s, %v", c.link, join(r), err)
		}
	}
}

func TestParseLinkRefuses(t *testing.T) {
	for _, c := range []struct {
		link string
		want error
	}{
		{"https://example.com/", ErrNotGS1}, {"https://example.com", ErrNotGS1}, {"ftp://example.com/01/9506000134352", ErrNotGS1},
		{"Https://example.com/01/9506000134352", ErrNotGS1}, {"https:///01/9506000134352", ErrNotGS1},
		{"https://example.com/01/9506000134352/x", ErrNotGS1}, {"https://%zz/01/9506000134352", ErrNotGS1},
		{"https://example.com/2024/01/02", errShort}, {"https://example.com/01/9506000134353", errShort},
		{"https://example.com/01/9506000134352/10/A/22/B", errPositionInLink},
		{"https://example.com/01/9506000134352/235/A/10/B", errPositionInLink},
		{"https://example.com/00/340123450000000000/10/B", errPositionInLink},
		{"https://example.com/01/9506000134352/10/%zz", ErrNotGS1},
		{"https://example.com/01/9506000134352?10=%zz", errPositionInLink},
		{"https://example.com/01/9506000134352?414=9506000134352", errPositionInLink},
		{"https://example.com/01/9506000134352?17=251331", errDate},
		{"https://example.com/01/9506000134352/9999/1", errNoIdentifier},
	} {
		if _, err := ParseLink(c.link); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.link, err, c.want)
		}
	}
	for text, want := range map[string]bool{"https://": false, "http://a": true, "HTTPS://A b": false, "hTTP://a": false, "": false} {
		if IsURL(text) != want {
			t.Errorf("IsURL(%q) is not %v", text, want)
		}
	}
}

func TestParseBracketed(t *testing.T) {
	for _, c := range []struct {
		text, want string
		err        error
	}{
		{"(01)09506000134352(10)ABC", "01=09506000134352 10=ABC", nil},
		{`(10)A\(1)(21)B`, "10=A(1) 21=B", nil},
		{"(7254)Name(10)A", "10=A", nil},
		{"x(10)A", "", errBrackets}, {"(1)A", "", errBrackets}, {"(10", "", errBrackets}, {"(1x)A", "", errBrackets},
		{"(12345)A", "", errBrackets}, {"(010)A", "", errNoIdentifier}, {"(04)A", "", errNoIdentifier},
		{"(10)", "", errShort}, {"(10)A^B", "", errSet}, {"(01)09506000134353", "", errDigit},
	} {
		if r, err := ParseBracketed(c.text); join(r) != c.want || !errors.Is(err, c.err) {
			t.Errorf("%s: %s, %v", c.text, join(r), err)
		}
	}
}

func TestRead(t *testing.T) {
	for text, want := range map[string]string{
		"\x1d10A": "A", "(10)A": "A", "https://example.com/01/9506000134352/10/A": "A", "10A": "", "hello": "", "": "",
	} {
		r, err := Read(text)
		if r.Value("10") != want || (want == "") != errors.Is(err, ErrNotGS1) {
			t.Errorf("%q: %s, %v", text, join(r), err)
		}
	}
}
