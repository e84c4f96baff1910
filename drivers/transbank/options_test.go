package transbank

import (
	"os"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/transbank/codec"
)

func TestRequests(t *testing.T) {
	kits := map[string]string{"amount": "padded", "final_bar": "no"}
	shops := map[string]string{"commerce": "597020000541"}
	for _, c := range []struct {
		options map[string]string
		payload func(o *options) []byte
		want    string
		check   byte
	}{
		{nil, func(o *options) []byte { return o.sale(4990, "K7Q2M9") }, "0200|4990|K7Q2M9|||1|", 0x5F},
		{map[string]string{"progress": "no"}, func(o *options) []byte { return o.sale(4990, "K7Q2M9") }, "0200|4990|K7Q2M9|||0|", 0x5E},
		{kits, func(o *options) []byte { return o.sale(4990, "K7Q2M9") }, "0200|000004990|K7Q2M9|||1", 0x13},
		{shops, func(o *options) []byte { return o.sale(4990, "K7Q2M9") }, "0270|4990|K7Q2M9|| |1|597020000541|", 0},
		{map[string]string{"commerce": "597020000541", "final_bar": "no"}, func(o *options) []byte { return o.sale(4990, "K7Q2M9") },
			"0270|4990|K7Q2M9|||1|597020000541", 0},
		{map[string]string{"profile": "self_service"}, func(o *options) []byte { return o.sale(4990, "K7Q2M9") }, "0200|4990|K7Q2M9|1|1", 0},
		{map[string]string{"profile": "self_service", "voucher": "terminal"}, func(o *options) []byte { return o.sale(4990, "K7Q2M9") }, "0200|4990|K7Q2M9|0|1", 0},
		{nil, func(o *options) []byte { return o.void("000321") }, "1200|000321|", 0x00},
		{map[string]string{"profile": "self_service"}, func(o *options) []byte { return o.void("000321") }, "1200", 0},
		{nil, func(o *options) []byte { return o.lastSale(false) }, "0250|", 0},
		{shops, func(o *options) []byte { return o.lastSale(false) }, "0280|0", 0},
		{map[string]string{"profile": "self_service"}, func(o *options) []byte { return o.lastSale(false) }, "0250|1", 0},
		{map[string]string{"profile": "self_service"}, func(o *options) []byte { return o.lastSale(true) }, "0250|0", 0},
		{nil, (*options).totals, "0700||", 0}, {nil, (*options).closeDay, "0500||", 0}, {nil, (*options).list, "0260|1|", 0},
		{kits, (*options).closeDay, "0500|", 0},
	} {
		o, err := readOptions(c.options)
		if err != nil {
			t.Fatal(err)
		}
		got := c.payload(&o)
		if string(got) != c.want || c.check != 0 && codec.Rules().Check(got) != c.check {
			t.Errorf("%q, check %02x; want %q, %02x", got, codec.Rules().Check(got), c.want, c.check)
		}
	}
}

func TestOptionsThatAreNotUnderstood(t *testing.T) {
	for _, o := range []map[string]string{
		{"profile": "kiosk"}, {"amount": "long"}, {"final_bar": "1"}, {"progress": ""}, {"least_amount": "0"}, {"least_amount": "x"}, {"commerce": "1234"},
		{"commerce": "59702000054x"}, {"ack_s": "0"}, {"reply_s": "29"}, {"busy_s": "9"}, {"baseline": "0250"}, {"void_check": "yes"}, {"void_proof": "yes"},
		{"voucher": "till "}, {"profile": "self_service", "baseline": "detail"}, {"profile": "self_service", "void_proof": "detail"},
		{"profile": "self_service", "commerce": "597020000541"}, {"no_such": "1"},
	} {
		if _, err := Driver().NewCardTerminal(nil, drivers.Settings{Currency: "CLP", Options: o}); err == nil || !strings.HasPrefix(err.Error(), "transbank: ") {
			t.Errorf("%v: %v", o, err)
		}
	}
	if _, err := Driver().NewCardTerminal(nil, drivers.Settings{Currency: "EUR"}); err == nil {
		t.Error("EUR was taken")
	}
}

// TestTheDocumentationIsComplete compares the page of this family with what the code knows: every option, and every code with its words.
func TestTheDocumentationIsComplete(t *testing.T) {
	page, err := os.ReadFile("../../docs/drivers/transbank.md")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	for name := range (&options{}).readers() {
		if !strings.Contains(string(page), "| `"+name+"` |") || !strings.Contains(string(source), "//\t"+name+" ") {
			t.Errorf("option %s is not documented in the page or in the package", name)
		}
	}
	seen := map[string]bool{}
	for _, m := range meanings() {
		if row := row(m); !strings.Contains(string(page), row) {
			t.Errorf("missing in the page:\n%s", row)
		}
		for _, code := range m.codes {
			if seen[code] || !isCode(code) {
				t.Errorf("code %s stands there twice, or is none", code)
			}
			seen[code] = true
		}
	}
}

// row is how the page shows a code.
func row(m meaning) string {
	next := m.next
	if next == "" {
		next = "-"
	}
	return "| " + strings.Join(m.codes, " ") + " | " + m.text + " | " + m.money + " | " + next + " |"
}
