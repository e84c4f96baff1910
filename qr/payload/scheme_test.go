package payload_test

import (
	"errors"
	"maps"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/qr/payload"
)

// example finds a golden code by its name.
func example(t *testing.T, name string) golden {
	t.Helper()
	for _, g := range goldens() {
		if g.name == name {
			return g
		}
	}
	if name == "EPC, long" {
		g := example(t, "EPC")
		g.values["info"] = strings.Repeat("i", 70)
		g.values["purpose"] = "GDDS"
		return g
	}
	t.Fatalf("no example %s", name)
	return golden{}
}

// Every refusal names the value that is to blame.
func TestWrongValuesAreNamed(t *testing.T) {
	long := strings.Repeat("x", 80)
	for _, c := range []struct{ example, value, to, blamed string }{
		{"PIX", "key", "", "key"}, {"PIX", "key", long, "key"}, {"PIX", "key", "schlüssel", "key"}, {"PIX", "info", long[:60], "info"},
		{"PIX", "name", long, "name"}, {"PIX", "city", "", "city"}, {"PIX", "mcc", "12", "mcc"}, {"PIX", "colour", "red", "colour"},
		{"PIX", "provider", "1234567x", "provider"},
		{"PromptPay phone", "phone", "", "phone"}, {"PromptPay phone", "phone", "1234567890", "phone"}, {"PromptPay phone", "ewallet", "123456789012345", "ewallet"},
		{"PromptPay bill", "biller", "12", "biller"}, {"PromptPay bill", "ref1", "a b", "ref1"},
		{"PayNow UEN", "mobile", "+6591234567", "mobile"}, {"PayNow UEN", "expiry", "20261301", "expiry"}, {"PayNow UEN", "editable", "2", "editable"},
		{"PayNow UEN", "expiry", "2026123123", "expiry"}, {"PayNow mobile", "mobile", "91234567890", "mobile"}, {"PayNow UEN", "name", "", "name"},
		{"FPS id", "bank", "024", "bank"}, {"FPS mobile", "bank", "", "bank"}, {"FPS mobile", "mobile", "+852912345678", "mobile"},
		{"FPS mobile", "timeout", "991399000000", "timeout"}, {"FPS id", "reference_in", "07", "reference_in"}, {"FPS id", "fps_id", "", "fps_id"},
		{"VietQR account", "bin", "97043", "bin"}, {"VietQR account", "to", "wallet", "to"}, {"VietQR account", "account", "12 34", "account"},
		{"UPI", "pa", "shop", "pa"}, {"UPI", "pa", "a@b&am=1", "pa"}, {"UPI", "pn", "", "pn"}, {"UPI", "mc", "58", "mc"},
		{"EPC", "iban", "DE24100000001234567890", "iban"}, {"EPC", "iban", "1E23100000001234567890", "iban"}, {"EPC", "name", "a\nb", "name"},
		{"EPC", "bic", "COBADEFF1", "bic"}, {"EPC", "bic", "COBADEFFXX", "bic"},
		{"EPC", "charset", "9", "charset"}, {"EPC text, Latin 1", "name", "茶楼", "charset"}, {"EPC", "name", strings.Repeat("茶", 70), ""}, {"EPC, long", "name", strings.Repeat("茶", 70), "info"},
		{"PIX", "key", strings.Repeat("ö", 5), "key"},
		{"Swiss SCOR", "iban", "DE23100000001234567890", "iban"}, {"Swiss SCOR", "zip", "", "zip"}, {"Swiss SCOR", "iban", "GB82WEST1234569876543", "iban"},
		{"template FPS", "template", "0002", "template"}, {"template FPS", "account", "7654322", "account"}, {"template FPS", "template", "", "template"},
	} {
		g := example(t, c.example)
		s, _ := payload.Find(g.scheme)
		values := maps.Clone(g.values)
		values[c.value] = c.to
		got, err := s.Encode(values, g.amount, g.reference)
		var e *payload.ValueError
		if c.blamed == "" {
			if err != nil {
				t.Errorf("%s with %s = %q: %v", c.example, c.value, c.to, err)
			}
			continue
		}
		if !errors.As(err, &e) || e.Value != c.blamed || e.Scheme != g.scheme || !strings.Contains(err.Error(), c.blamed) {
			t.Errorf("%s with %s = %q: %q, %v", c.example, c.value, c.to, got, err)
		}
	}
}

func TestWrongMoneyAndReferencesAreNamed(t *testing.T) {
	for _, c := range []struct {
		example   string
		amount    pos.Money
		reference string
		blamed    string
	}{
		{"PIX", pos.Money{Amount: 0, Currency: "BRL"}, reference, "amount"},
		{"PIX", pos.Money{Amount: 1, Currency: "EUR"}, reference, "currency"},
		{"PIX", pos.Money{Amount: 1, Currency: "BRL"}, "", "reference"},
		{"PIX", pos.Money{Amount: 1, Currency: "BRL"}, "with blank", "reference"},
		{"PIX", pos.Money{Amount: 1, Currency: "BRL"}, strings.Repeat("A", 26), "reference"},
		{"PromptPay phone", pos.Money{Amount: 1, Currency: "THB"}, reference, "reference"},
		{"PromptPay bill", pos.Money{Amount: 1, Currency: "THB"}, "lower1", "reference"},
		{"template PromptPay", pos.Money{Amount: 1, Currency: "THB"}, reference, "reference"},
		{"template PromptPay bill", pos.Money{Amount: 1, Currency: "THB"}, "lower1", "reference"},
		{"template FPS", pos.Money{Amount: 1, Currency: "HKD"}, "", "reference"},
		{"template FPS", pos.Money{Amount: 1, Currency: "USD"}, reference, "currency"},
		{"EPC", pos.Money{Amount: 100_000_000_000, Currency: "EUR"}, reference, "amount"},
		{"EPC", pos.Money{Amount: 1, Currency: "EUR"}, strings.Repeat("A", 22), "reference"},
		{"Swiss SCOR", pos.Money{Amount: 100_000_000_000, Currency: "CHF"}, reference, "amount"},
		{"Swiss QRR", pos.Money{Amount: 1, Currency: "CHF"}, reference, "reference"},
	} {
		g := example(t, c.example)
		s, _ := payload.Find(g.scheme)
		_, err := s.Encode(g.values, c.amount, c.reference)
		var e *payload.ValueError
		if !errors.As(err, &e) || e.Value != c.blamed {
			t.Errorf("%s, %s, %q: %v", c.example, c.amount, c.reference, err)
		}
	}
	g := example(t, "PIX")
	s, _ := payload.Find("pix")
	var e *pos.Error
	if _, err := s.Encode(g.values, pos.Money{Amount: -1, Currency: "BRL"}, reference); !errors.As(err, &e) || e.Money != pos.NoneMoved {
		t.Errorf("negative: %v", err)
	}
}

func TestWhatOnlyAPlatformIssuesIsRefused(t *testing.T) {
	for _, s := range payload.List() {
		if s.CanEncode() {
			continue
		}
		if _, err := s.Encode(nil, pos.Money{Amount: 1, Currency: "MYR"}, reference); !errors.Is(err, payload.ErrReadOnly) {
			t.Errorf("%s: %v", s.Name, err)
		}
	}
	if _, ok := payload.Find("nonsense"); ok {
		t.Error("an invented scheme is found")
	}
}

func TestTemplatesThatMustNotGetAnAmount(t *testing.T) {
	pix := "26180014br.gov.bcb.pix"
	for name, text := range map[string]string{
		"amount":         sealed("000201" + pix + "530398654041.00"),
		"dynamic":        sealed("000201010212" + pix + "5303986"),
		"hash":           sealed("000201" + pix + "53039868204ABCD"),
		"PIX link":       sealed("00020126330014br.gov.bcb.pix2511example.com5303986"),
		"PIX composed":   sealed("000201" + pix + "530398680330014br.gov.bcb.pix2511example.com"),
		"DuitNow":        sealed("00020226180014A00000061500015303458"),
		"two schemes":    sealed("000201" + pix + "27160012hk.com.hkicl5303986"),
		"none":           sealed("0002015303986"),
		"unknown":        sealed("000201" + pix + "27080004some5303986"),
		"bill full":      sealed("00020130300016A0000006770101120201A0301B5303764"),
		"bill elsewhere": sealed("00020131200016A0000006770101125303764"),
		"62 primitive":   sealed("000201" + pix + "53039866204ABCD"),
		"62 full":        sealed("000201" + pix + "53039866290" + "0486" + strings.Repeat("x", 86)),
	} {
		s, _ := payload.Find("template")
		values := map[string]string{"template": text}
		got, err := s.Encode(values, pos.Money{Amount: 1, Currency: "BRL"}, reference)
		if !errors.Is(err, payload.ErrTemplate) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		if !s.TakesReference(values) {
			t.Errorf("%s: needs no reference", name)
		}
	}
	if s, _ := payload.Find("template"); !s.TakesReference(nil) {
		t.Error("an empty template needs no reference")
	}
}

func TestReferences(t *testing.T) {
	// Computed apart: base 36 of the hash of the till and of the counter, lowest digits.
	for counter, want := range map[uint64]string{1: "J2UR60000001", 78364164096 + 41: "J2UR60000015"} {
		if got := payload.Reference("till-1", counter); got != want {
			t.Errorf("%d: %s, want %s", counter, got, want)
		}
	}
	if payload.Reference("till-2", 1) == payload.Reference("till-1", 1) {
		t.Error("two tills share a reference")
	}
	if a, b := payload.RandomReference(), payload.RandomReference(); a == b || len(a) != 12 || strings.Trim(a, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != "" {
		t.Errorf("%s %s", a, b)
	}
	s, _ := payload.Find("epc")
	text, err := s.Encode(example(t, "EPC").values, pos.Money{Amount: 1, Currency: "EUR"}, "RF18539007547034")
	if err != nil || !strings.HasSuffix(text, "\nRF18539007547034") {
		t.Errorf("a valid RF reference was changed: %q, %v", text, err)
	}
}

func TestEncodeRefuses(t *testing.T) {
	for name, objects := range map[string][]payload.Object{
		"long value":    {payload.Of("00", "01"), payload.Of("59", strings.Repeat("x", 100))},
		"long template": {payload.Of("00", "01"), payload.Template("62", payload.Of("01", strings.Repeat("x", 60)), payload.Of("02", strings.Repeat("x", 60)))},
		"long inside":   {payload.Of("00", "01"), payload.Template("62", payload.Of("01", strings.Repeat("x", 100)))},
		"no ID":         {payload.Of("00", "01"), payload.Of("5", "x")},
		"twice":         {payload.Of("00", "01"), payload.Of("59", "x"), payload.Of("59", "y")},
		"no 00":         {payload.Of("59", "x")},
	} {
		if text, err := payload.Encode(objects...); err == nil {
			t.Errorf("%s: %q", name, text)
		}
	}
	if text, err := payload.Encode(payload.Of("00", "01"), payload.Of("59", ""), payload.Template("62", payload.Of("05", ""))); err != nil || text != sealed("000201") {
		t.Errorf("%q, %v", text, err)
	}
}
