package hypercom

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/drivers"
)

// TestTheDocumentationIsComplete finds each option and each profile in the page of this family, in the package's comment and in the contract.
func TestTheDocumentationIsComplete(t *testing.T) {
	texts := map[string]string{}
	for _, path := range []string{"../../docs/drivers/hypercom.md", "doc.go", "../../docs/contract.md"} {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		texts[path] = string(raw)
	}
	o := defaults(razer())
	for _, name := range append(slices.Sorted(maps.Keys(o.readers())), "profile") {
		if !strings.Contains(texts["../../docs/drivers/hypercom.md"], "| `"+name+"` |") || !strings.Contains(texts["doc.go"], "//\t"+name+" ") ||
			!strings.Contains(texts["../../docs/contract.md"], "`"+name+"`") {
			t.Errorf("option %s is not documented everywhere", name)
		}
	}
	for _, p := range profiles() {
		for path, text := range texts {
			if !strings.Contains(text, p.name) {
				t.Errorf("%s says nothing of profile %s", path, p.name)
			}
		}
		for _, c := range []codes{p.sale, p.void, p.refund, p.settlement, p.byID, p.byTrace, p.ping, {code: p.cancel}} {
			if c.code != "" && (!strings.Contains(texts["../../docs/drivers/hypercom.md"], "`"+c.code+"`") || name(c.code) == "") {
				t.Errorf("profile %s: code %s is not documented, or has no name", p.name, c.code)
			}
		}
	}
}

func TestOptions(t *testing.T) {
	for _, bad := range []map[string]string{
		{"profile": "maybank"}, {"void_code": "4"}, {"refund_code": "4a"}, {"settlement_code": ""}, {"last_code": "123"}, {"ping_code": "f f"}, {"cancel_code": "xx"},
		{"not_found_codes": "00"}, {"not_found_codes": "25,"}, {"cancelled_codes": "CT,00"}, {"cashier": "123456789012345678901"}, {"cashier": "A\nB"}, {"receipt": "1"},
		{"force": "maybe"}, {"voided_sales": "yes"}, {"frame_length": "BCD"}, {"ack_s": "0"}, {"answer_s": "29"}, {"running_s": "3601"}, {"busy_s": "4"}, {"no_such": "1"},
	} {
		if _, err := Driver().NewCardTerminal(nil, drivers.Settings{Currency: "MYR", Options: bad}); err == nil || !strings.HasPrefix(err.Error(), "hypercom: ") {
			t.Errorf("%v: %v", bad, err)
		}
	}
	if _, err := Driver().NewCardTerminal(nil, drivers.Settings{Currency: "XQX"}); err == nil {
		t.Error("an unknown currency was taken")
	}
	good := map[string]string{"profile": "linkpos", "void_code": "none", "refund_code": "29", "settlement_code": "none", "last_code": "72", "ping_code": "FF", "cancel_code": "XX",
		"not_found_codes": "ND,25", "cancelled_codes": "none", "cashier": "ANN", "receipt": "no", "force": "yes", "voided_sales": "counted", "frame_length": "binary", "ack_s": "1", "answer_s": "30", "running_s": "1", "busy_s": "5"}
	o, err := readOptions(good)
	if err != nil || o.profile.byTrace.code != "72" || o.profile.refund.code != "29" || !slices.Equal(o.profile.missing, []string{"ND", "25"}) || !o.force || o.receipt {
		t.Errorf("%+v, %v", o, err)
	}
}

// TestLacks says what a device of each kind cannot do, as `status` tells it.
func TestLacks(t *testing.T) {
	for name, c := range map[string]struct {
		options map[string]string
		lacks   string
	}{
		"razer":    {nil, "reprint reservation totals"},
		"linkpos":  {map[string]string{"profile": "linkpos"}, "cancel recover_refund recover_sale recover_void reprint reservation totals"},
		"ecuador":  {map[string]string{"profile": "ecuador"}, "cancel recover_refund recover_sale recover_void reprint reservation totals"},
		"stripped": {map[string]string{"void_code": "none", "refund_code": "none", "settlement_code": "none", "last_code": "none", "cancel_code": "none", "cancelled_codes": "none"}, "cancel recover_refund recover_sale recover_void refund reprint reservation settlement tell_abort totals void"},
		"wrong":    {map[string]string{"profile": "?"}, "reprint reservation totals"},
	} {
		var lacks []string
		for _, f := range Driver().Lacks(drivers.Settings{Options: c.options}) {
			lacks = append(lacks, string(f))
		}
		slices.Sort(lacks)
		if got := strings.Join(lacks, " "); got != c.lacks {
			t.Errorf("%s: %s", name, got)
		}
	}
}
