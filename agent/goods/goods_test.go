package goods

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/drivers/scanner/gs1"
	"github.com/tillproof/tillproof/pos"
)

// load writes a list and loads it.
func load(t *testing.T, text string, currency pos.Currency, patterns ...string) (*Goods, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "goods.csv")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var all []gs1.Pattern
	for _, s := range patterns {
		p, err := gs1.ParsePattern(s)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	return Load(path, currency, all...)
}

const shop = "\uFEFFcode,name,price,group\r\n" +
	"4006381333931,Pen,2.50,Paper\r\n" +
	"36000291452,Short number,1.00,\r\n" +
	"036000291452,Tissues,0.99,Paper\r\n" +
	"\r\n" +
	"96385074,\"Gum, \"\"mint\"\"\",0.50,Sweets\r\n" +
	"2100417000001,Apples,3.99,Fruit\r\n" +
	"00500,Cheese,24.90,Fresh\r\n" +
	"7, Coffee ,1.80,Drinks\r\n"

func code13(s string) string { return s + string(rune(gs1.CheckDigit(s))) }

func TestFind(t *testing.T) {
	g, err := load(t, shop, "EUR", "21PPPPPWWWWWC", "23PPPPPAAAAAC", "24PPPPPAAAAAC:A1", "25PPPPPAAAAAC:A3")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ code, want string }{
		{"4006381333931", "Pen 2.50 EUR"}, {"04006381333931", "Pen 2.50 EUR"}, {" 4006381333931 ", "Pen 2.50 EUR"},
		{"036000291452", "Tissues 0.99 EUR"}, {"0036000291452", "Tissues 0.99 EUR"}, {"00036000291452", "Tissues 0.99 EUR"},
		{"36000291452", "Short number 1.00 EUR"},
		{"96385074", `Gum, "mint" 0.50 EUR`}, {"00000096385074", `Gum, "mint" 0.50 EUR`},
		{"\x1d0104006381333931\x1d10A", "Pen 2.50 EUR"}, {"(01)04006381333931", "Pen 2.50 EUR"},
		{"https://example.com/01/4006381333931/10/A", "Pen 2.50 EUR"},
		{"2100417007352", "Apples 2.93 EUR 0.735 kg"}, // 3.99 x 0.735 = 2.93265
		{"02100417007352", "Apples 2.93 EUR 0.735 kg"},
		{"2100417000001", "Apples 3.99 EUR"},
		{code13("210041700250"), "Apples 1.00 EUR 0.250 kg"}, // 0.9975: half up
		{code13("230050000735"), "Cheese 7.35 EUR"}, {code13("210050000100"), "Cheese 2.49 EUR 0.100 kg"},
		{code13("240000700735"), "Coffee 73.50 EUR"}, {code13("250050007350"), "Cheese 7.35 EUR"},
		{code13("250050007351"), ""}, // a tenth of a cent
		{"7", "Coffee 1.80 EUR"},
		{"2100417007353", ""}, {code13("219999900735"), ""}, {code13("260041700735"), ""},
		{"4006381333932", ""}, {"", ""}, {"pen", ""}, {"(10)A", ""}, {"4006381333931x", ""},
	} {
		item, ok := g.Find(c.code)
		got := ""
		if ok {
			got = strings.TrimSpace(fmt.Sprintf("%s %s %s", item.Name, item.Price, item.Measure))
		}
		if got != c.want {
			t.Errorf("%q: %s, want %s", c.code, got, c.want)
		}
	}
}

func TestItemsKeepTheirOrder(t *testing.T) {
	g, err := load(t, shop, "EUR")
	if err != nil {
		t.Fatal(err)
	}
	items := g.Items()
	if len(items) != 7 || items[0].Name != "Pen" || items[6] != (Item{Code: "7", Name: "Coffee", Price: pos.Money{Amount: 180, Currency: "EUR"}, Group: "Drinks"}) {
		t.Errorf("%+v", items)
	}
	items[0].Name = "changed"
	if g.Items()[0].Name != "Pen" {
		t.Error("the list can be changed from outside")
	}
	if _, ok := g.Find("2100417007352"); ok {
		t.Error("a label is understood without a pattern")
	}
}

func TestPrices(t *testing.T) {
	for _, c := range []struct {
		price    string
		currency pos.Currency
		want     pos.Minor // -1: refused
		say      string
	}{
		{"2.50", "EUR", 250, ""}, {"0.00", "EUR", 0, ""}, {"9999999999.99", "EUR", 999_999_999_999, ""}, {"300", "JPY", 300, ""},
		{"1.250", "KWD", 1250, ""}, {"007.10", "EUR", 710, ""},
		{"250", "EUR", -1, "2.50"}, {"2.5", "EUR", -1, "2.50"}, {"2,50", "EUR", -1, "2.50"}, {"2.500", "EUR", -1, "2.50"}, {".50", "EUR", -1, "2.50"},
		{"-2.50", "EUR", -1, "2.50"}, {"+2.50", "EUR", -1, "2.50"}, {"", "EUR", -1, "2.50"}, {"2.", "EUR", -1, "2.50"}, {"2.5x", "EUR", -1, "2.50"},
		{"1e3.00", "EUR", -1, "2.50"}, {"3.0", "JPY", -1, "3"}, {"3.", "JPY", -1, "3"}, {"1.25", "KWD", -1, "2.500"},
		{"10000000000.00", "EUR", -1, "more than"}, {"99999999999999999999.00", "EUR", -1, "more than"}, {"1", "XYZ", -1, "ISO 4217"},
	} {
		g, err := load(t, "code,name,price\nx,Thing,\""+c.price+"\"\n", c.currency)
		if c.want < 0 {
			if err == nil || g != nil || !strings.Contains(err.Error(), "goods.csv:2: ") || !strings.Contains(err.Error(), c.say) {
				t.Errorf("%s %s: %v", c.price, c.currency, err)
			}
			continue
		}
		if err != nil || g.Items()[0].Price.Amount != c.want {
			t.Errorf("%s %s: %v", c.price, c.currency, err)
		}
	}
}

func TestBadLists(t *testing.T) {
	const head = "code,name,price\n"
	for _, c := range []struct{ name, text, want string }{
		{"empty", "", ":1: the first line must be"}, {"semicolons", "code;name;price\n", ":1: the first line must be"},
		{"no header", "1,A,2.50\n", ":1: the first line must be"},
		{"fields", head + "1,A,2.50\n2,B\n", ":3: there are 2 fields"}, {"comma in a name", head + "1,A,B,2.50\n", ":2: there are 4 fields"},
		{"twice", head + "1,A,2.50\n\n1,B,2.50\n", ":4: code 1 stands in line 2"},
		{"twice as GTIN", head + "4006381333931,A,2.50\n04006381333931,B,2.50\n", ":3: code 04006381333931 stands in line 2"},
		{"no code", head + " ,A,2.50\n", ":2: the code is empty"}, {"no name", head + "1,,2.50\n", ":2: the name is empty"},
		{"quotes", head + "1,\"A,2.50\n", "quotation mark"}, {"quotes inside", head + "1,A\"B,2.50\n", ":2: a quotation mark"},
		{"line break", head + "1,\"A\nB\",2.50\n2,C,1\n", ":2: field 2"}, {"not UTF-8", head + "1,caf\xe9,2.50\n", ":2: this is not UTF-8"},
	} {
		if g, err := load(t, c.text, "EUR"); err == nil || g != nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if _, err := Load(filepath.Join(t.TempDir(), "none.csv"), "EUR"); err == nil {
		t.Error("a missing list is loaded")
	}
	if g, err := load(t, head, "EUR"); err != nil || len(g.Items()) != 0 {
		t.Errorf("a list without goods: %v", err)
	}
}

func TestLongestList(t *testing.T) {
	var b strings.Builder
	b.WriteString("code,name,price\n")
	for i := 2; i <= MaxLines; i++ {
		fmt.Fprintf(&b, "%d,N,1.00\n", i)
	}
	if _, err := load(t, b.String(), "EUR"); err != nil {
		t.Error(err)
	}
	b.WriteString("x,N,1.00\n")
	if _, err := load(t, b.String(), "EUR"); err == nil || !strings.Contains(err.Error(), "at most 100000 lines") {
		t.Errorf("one line too many: %v", err)
	}
}

func TestMultiplyBounds(t *testing.T) {
	for _, c := range []struct {
		price, weight int64
		decimals      int
		want          int64
		ok            bool
	}{
		{399, 735, 3, 293, true}, {100, 5, 1, 50, true}, {1, 5, 1, 1, true}, {1, 4, 1, 0, true}, {250, 3, 0, 750, true},
		{999_999_999_999, 9_999_999_999, 0, 0, false}, {999_999_999_999, 9_999_999_999, 6, 0, false},
	} {
		if got, ok := multiply(c.price, c.weight, c.decimals); ok != c.ok || ok && got != c.want {
			t.Errorf("%d x %d / 10^%d: %d, %v", c.price, c.weight, c.decimals, got, ok)
		}
	}
}

func FuzzFind(f *testing.F) {
	for _, s := range []string{"4006381333931", "2100417007352", "(01)04006381333931", "", "\x1d"} {
		f.Add(s)
	}
	path := filepath.Join(f.TempDir(), "goods.csv")
	if err := os.WriteFile(path, []byte(shop), 0o600); err != nil {
		f.Fatal(err)
	}
	p, _ := gs1.ParsePattern("21PPPPPWWWWWC")
	g, err := Load(path, "EUR", p)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if item, ok := g.Find(s); ok && (item.Price.CheckPayable() != nil || item.Name == "") {
			t.Errorf("%q: %+v", s, item)
		}
	})
}
