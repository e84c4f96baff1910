package zvt

import (
	"testing"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/zvt/codec"
	"github.com/tillproof/tillproof/pos"
)

// TestConfigurationByte goes through the table of the print bits (PA00P015, registration) and the other bits.
func TestConfigurationByte(t *testing.T) {
	for _, c := range []struct {
		options map[string]string
		want    byte
		through bool
	}{
		{nil, 0xBE, true},
		{map[string]string{"receipts": "till"}, 0xBE, true},
		{map[string]string{"receipts": "result"}, 0x3E, false},
		{map[string]string{"receipts": "terminal"}, 0x38, false},
		{map[string]string{"receipts": "till", "admin_receipts": "terminal"}, 0xBA, true},
		{map[string]string{"receipts": "terminal", "admin_receipts": "till"}, 0xBC, true},
		{map[string]string{"receipts": "result", "admin_receipts": "terminal"}, 0x3A, false},
		{map[string]string{"receipts": "terminal", "admin_receipts": "result"}, 0x3C, false},
		{map[string]string{"progress": "off"}, 0xB6, true},
		{map[string]string{"amount_entry": "allowed"}, 0xAE, true},
		{map[string]string{"menu": "allowed"}, 0x9E, true},
		{map[string]string{"menu": "blocked", "amount_entry": "blocked", "progress": "on"}, 0xBE, true},
		{map[string]string{"config": "86"}, 0x86, true},
	} {
		o, err := readOptions(c.options)
		if err != nil || o.config != c.want || o.printsThroughUs() != c.through {
			t.Errorf("%v: %02x, text through the till %v, %v", c.options, o.config, o.printsThroughUs(), err)
		}
	}
	for _, bad := range []map[string]string{
		{"receipts": "till", "admin_receipts": "result"}, {"receipts": "result", "admin_receipts": "till"},
		{"config": "be", "receipts": "till"}, {"config": "be", "menu": "allowed"}, {"config": "3f"},
	} {
		if _, err := readOptions(bad); err == nil {
			t.Errorf("%v was taken", bad)
		}
	}
}

// TestRegistrationWishes registers with a printer's width and a set of characters, which holds only if the terminal agrees.
func TestRegistrationWishes(t *testing.T) {
	for completion, want := range map[string]codec.Charset{
		"06 0F 09 49 09 78 06 04 27 02 14 FE":    0, // cut short: what it says of itself is not believed
		"06 0F 0A 49 09 78 06 05 27 03 14 01 FE": codec.UTF8,
		"06 0F 0A 49 09 78 06 05 27 03 14 01 01": codec.CP437,
		"06 0F 03 49 09 78":                      codec.CP437,
	} {
		play(t, false, func(d *device) {
			d.takes("06 00 1E 00 00 00 BE 09 78 03 01 06 14 26 04 0A 02 06 D3 12 01 42 27 03 14 01 FE 1F 73 03 00 00 00")
			d.says(okay)
			d.asks(completion, okay)
			d.accepts()
			d.asks("04 FF 0C 0A 03 06 08 24 06 07 04 47 C3 BC 6E", okay)
			d.asks("04 0F 0B 27 05 3C F0 F0 F5 47 72 C3 BC 21", okay)
			d.asks("06 D1 06 00 5A C3 BC 67 65", okay)
			d.asks("06 1E 01 05", okay)
		}, func(s *saleTest) {
			s.terminal.options.columns, s.terminal.options.charset, s.terminal.options.wishesCharset = 42, codec.UTF8, true
			s.terminal.registered = false
			out, err := s.sell()
			if err != nil || s.terminal.charset != want {
				t.Fatalf("%s: %v, set %d", completion, err, s.terminal.charset)
			}
			shown, text, line := "0a Gün", "Grü!", "Züge"
			if want == codec.CP437 {
				shown, text, line = "0a G├╝n", "Gr├╝!", "Z├╝ge"
			}
			if out.Result.Text != text || len(s.shown) != 1 || s.shown[0] != shown || len(out.Receipts) != 1 || out.Receipts[0].Lines[0] != line {
				t.Errorf("%s: %q, %q, %+v", completion, out.Result.Text, s.shown, out.Receipts)
			}
		})
	}
}

// TestTipAndPartialApproval books what the terminal says, not what was asked.
func TestTipAndPartialApproval(t *testing.T) {
	play(t, false, func(d *device) {
		d.takes("06 01 12 04 00 00 00 00 10 23 49 09 78 19 48 06 04 1F 70 01 01")
		d.says(okay)
		d.asks("04 0F 1B 27 00 04 00 00 00 00 11 23 0B 00 01 24 49 09 78 06 09 1F 36 06 00 00 00 00 01 00", okay)
		d.asks(completes, okay)
		d.takes("06 01")
		d.says(okay)
		d.asks("04 0F 19 27 00 04 00 00 00 00 06 00 0B 00 01 25 49 09 78 06 07 1F 6A 04 00 00 04 23", okay)
		d.asks(completes, okay)
	}, func(s *saleTest) {
		s.terminal.options.partialAllowed, s.terminal.options.paymentType = true, 0x48
		for i, want := range []struct{ amount, tip pos.Minor }{{1123, 100}, {600, 0}} {
			out, err := s.sell()
			if err != nil || out.Result.Decision != drivers.Approved || out.Result.Amount.Amount != want.amount || out.Result.Tip != want.tip || s.stored[i] != out.Result {
				t.Errorf("%+v, %v", out.Result, err)
			}
		}
	})
}

// TestBlockInItsOwnCharset reads a print block that names its set (TLV 14); what comes after it is as agreed.
func TestBlockInItsOwnCharset(t *testing.T) {
	r := receipts{}
	r.block(plain("06 0B 14 01 FE 25 06 07 04 5A C3 BC 67"))
	r.line(plain("00 5A C3 BC 67"))
	if got := r.all(); len(got) != 1 || got[0].Lines[0] != "Züg" || got[0].Lines[1] != "Z├╝g" {
		t.Errorf("%+v", got)
	}
}
