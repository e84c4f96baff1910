package ecr17

import (
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/ecr17/codec"
	"github.com/tillproof/tillproof/pos"
)

// extended is an E as the reply to X over 10.23 EUR, written out by hand: header, result, card, way, authorisation, moment, kind, acquirer, STAN, online
// id, action code, amount, reserved.
const extended = "30500017" + "0E" + "00" + "0004111********1111" + "ICC" + "A1B2C3" + "3261015" + "2" + "00000000001" + "000123" + "700123" + "000" + "00001023" + "0000000000"

func now() time.Time { return time.Date(2026, 11, 22, 10, 16, 0, 0, time.UTC) }

func TestAnApproval(t *testing.T) {
	if len(extended) != 92 {
		t.Fatalf("%d characters", len(extended))
	}
	got := readResult(codec.Message(extended), pos.Money{Amount: 1023, Currency: "EUR"}, now())
	want := drivers.Result{Decision: drivers.Approved, Amount: pos.Money{Amount: 1023, Currency: "EUR"}, Code: "00", Trace: "000123", TerminalID: "30500017",
		AuthCode: "A1B2C3", CardName: "credit card", Last4: "1111", Entry: "chip", Date: "2026-11-22", Time: "10:15:00", DateGuessed: true}
	if got.result != want || !got.priced || got.reversal || got.foreign {
		t.Errorf("%+v\nwant %+v", got, want)
	}
}

// Odd but legal messages.
func TestOddResults(t *testing.T) {
	put := func(m string, at int, text string) string { return m[:at-1] + text + m[at-1+len(text):] }
	asked := pos.Money{Amount: 1023, Currency: "EUR"}
	for name, c := range map[string]struct {
		message string
		check   func(reply) bool
	}{
		"longer":                     {extended + "0000000", func(r reply) bool { return r.priced && r.stan == "000123" }},
		"without its reserve":        {extended[:82], func(r reply) bool { return r.priced }},
		"with half an amount":        {extended[:80], func(r reply) bool { return !r.priced && !r.reversal && r.result.Amount == asked }},
		"as long as the reply to P":  {extended[:71], func(r reply) bool { return !r.priced && !r.reversal && r.outcome == "00" }},
		"without a STAN":             {extended[:60], func(r reply) bool { return r.stan == "" && r.last().Untold }},
		"an amount of blanks":        {put(extended, 75, "        "), func(r reply) bool { return !r.priced && r.result.Amount == asked }},
		"another amount":             {put(extended, 75, "00000999"), func(r reply) bool { return r.result.Amount.Amount == 999 }},
		"a signed amount":            {put(extended, 75, "-0000999"), func(r reply) bool { return !r.priced }},
		"a Bancomat card":            {put(extended, 48, "1"), func(r reply) bool { return r.result.Brand == "bancomat" && r.result.CardName == "Bancomat" }},
		"a number in clear":          {put(extended, 13, "0005500000000000004"), func(r reply) bool { return r.result.Brand == "mastercard" && r.result.Last4 == "0004" }},
		"a number with blanks":       {put(extended, 13, "************1111   "), func(r reply) bool { return r.result.Last4 == "1111" && r.result.Brand == "" }},
		"no number":                  {put(extended, 13, strings.Repeat("0", 19)), func(r reply) bool { return r.result.Last4 == "" }},
		"a time that is none":        {put(extended, 41, "9999999"), func(r reply) bool { return r.result.Date == "" && !r.result.DateGuessed }},
		"no terminal id":             {put(extended, 1, "00000000"), func(r reply) bool { return r.result.TerminalID == "" }},
		"a result that nobody knows": {put(extended, 11, "02"), func(r reply) bool { return r.result.Decision == "" && r.outcome == "02" }},
		"a refusal": {put(put(extended, 11, "01"), 13, "CARTA SCADUTA           00000000000"), func(r reply) bool {
			return r.result.Text == "CARTA SCADUTA" && r.result.Decision == drivers.Declined && !r.priced
		}},
		"a refusal with a card":    {put(put(extended, 11, "01"), 13, "NO 4111111111111111     00000000000"), func(r reply) bool { return r.result.Text == "NO ************1111" }},
		"a refusal without a text": {put(put(extended, 11, "05"), 13, strings.Repeat(" ", 24)), func(r reply) bool { return r.result.Text == "no card was presented" }},
		"a pre-authorisation":      {put(extended, 10, "e"), func(r reply) bool { return r.foreign && r.result.Decision == "" }},
		"a reversal":               {put(put(extended, 35, "000000"), 75, "00000000"), func(r reply) bool { return r.reversal && r.result.AuthCode == "" }},
		"a V without exchange":     {put(extended, 10, "V") + strings.Repeat("0", 25), func(r reply) bool { return r.priced && r.result.Text == "" && !r.foreign }},
		"a V cut in its rate":      {put(extended, 10, "V")[:82] + "100011", func(r reply) bool { return r.priced && r.result.Text == "" }},
		"a V with nonsense":        {put(extended, 10, "V")[:82] + "1" + "XXXXXXXX" + "USD" + "000000001151" + "2", func(r reply) bool { return r.result.Text == "" }},
	} {
		if got := readResult(codec.Message(c.message), asked, now()); !c.check(got) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestTotals(t *testing.T) {
	for text, want := range map[string]pos.Minor{"0000000000001023": 1023, "-000000000001023": -1023, "            1023": 1023, "1023            ": 1023} {
		if got, ok := cents(text); !ok || got != want {
			t.Errorf("%q: %d", text, got)
		}
	}
	for _, text := range []string{"", "                ", "00000000000010,2", "0000000000001x23"} {
		if got, ok := cents(text); ok {
			t.Errorf("%q: %d", text, got)
		}
	}
}

func TestReceipts(t *testing.T) {
	for text, want := range map[string]string{
		"A\x7DB\x7D\x7D\x7D\x7D\x7D\x7D\x1B":             "A|B",
		"\x7DA\x7D\x7DB":                                 "|A||B",
		"\x7FGROSS\x7Dklein":                             "GROSS|klein",
		"123456789012345678901234567":                    "123456789012345678901234|567",
		"\x7B123456789012345\x7D1234567890123456":        "123456789012|345|1234567890123456",
		"A\x7D\x7D\x7D\x7D\x7D\x7D\x1BB\x7D\x7D\x7D\x1B": "A//B",
		"\x1B\x1B\x7D\x7D\x1B":                           "",
		"caff\xE8\x07":                                   "caff..",
		"   IN THE MIDDLE  \x7D ":                        "   IN THE MIDDLE",
		"\x5E123456789012345678901234567\x7DA":           "123456789012345678901234567|A",
		"A CARD OF 16 DIGITS 4111111111111111 OK":        "A CARD OF 16 DIGITS ****|********1111 OK",
		"123456789012345678901234\x7DA":                  "123456789012345678901234|A",
		"":                                               "",
	} {
		var all []string
		for _, r := range receiptsOf([]byte(text)) {
			all = append(all, strings.Join(r.Lines, "|"))
		}
		if got := strings.Join(all, "//"); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func FuzzResult(f *testing.F) {
	f.Add([]byte(extended))
	f.Add([]byte(strings.Replace(extended, "0E00", "0V00", 1) + "1" + "00011250" + "USD" + "000000001151" + "2" + "0000000000"))
	f.Add([]byte("305000170E01FONDI INSUFFICIENTI     00000000000200000000001000123700123116"))
	f.Add([]byte("305000170C00000000000000102300000000000010230"))
	f.Add([]byte("305000170i00"))
	f.Add([]byte("305000170SBAR\x7D\x7F4111 1111 1111 1111\x7D\x7D\x7D\x7D\x7D\x7D\x1B"))
	f.Fuzz(func(t *testing.T, payload []byte) {
		m := codec.Message(payload)
		if !m.Whole() {
			return
		}
		term := &terminal{currency: "EUR"}
		got := readResult(m, pos.Money{Amount: 1, Currency: "EUR"}, now())
		if (got.result.Decision == drivers.Approved) != (got.outcome == resultOK && !got.foreign) {
			t.Errorf("%+v", got)
		}
		if got.result.Amount.Amount < 1 || got.result.Amount.Amount > maxCents || len(got.result.Last4) > 4 {
			t.Errorf("%+v", got)
		}
		_, _ = term.closed(m)
		_ = notClosed(m)
		_ = term.readStatus(m)
		for _, r := range receiptsOf(appendReceipt(nil, payload)) {
			for _, line := range r.Lines {
				if len(line) > compressedWidth {
					t.Errorf("%q", line)
				}
			}
		}
	})
}
