package zvt

import (
	"slices"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/drivers"
)

// TestSlips goes through what the till prints of a result where the terminal sends no text.
func TestSlips(t *testing.T) {
	full := "27 00 04 00 00 00 00 11 23 49 09 78 0B 00 01 24 37 00 01 20 87 00 24 17 00 01 A0 A3 29 12 34 56 78 2A " + strings.Repeat("31 ", 13) + "20 20 " +
		"3B 41 31 42 32 00 00 00 00 22 F0 F8 67 EE EE EE EE EE 01 19 8B F0 F5 56 49 53 41 00 AA 26 11 22 0C 10 15 30 3C F0 F0 F3 67 75 74 0E EE EE " +
		"06 27 1F 36 06 00 00 00 00 01 00 2F 08 1F 10 01 01 1F 12 01 02 46 07 41 49 44 0D 0A 54 43 47 09 4D 45 52 43 48 20 4F 4E 45"
	said := parse(t, full)
	result, ok := said.result(eur(1023))
	if !ok {
		t.Fatal("no result")
	}
	body := []string{
		"Storno", "VISA kontaktlos", "Karte ************0119", "Karten-Folge-Nr. 0001", "Betrag 11.23 EUR", "davon Trinkgeld 1.00 EUR",
		"2026-11-22 10:15:30", "Terminal-ID 12345678", "VU-Nr. 1111111111111", "Trace-Nr. 000124", "Storno von Trace-Nr. 000120", "Beleg-Nr. 0024",
		"Genehmigungs-Nr. A1B2", "AS-Code A3", "gut", "Storno erfolgt",
	}
	want := []drivers.Receipt{
		{For: drivers.ForMerchant, Lines: slices.Concat([]string{"Händlerbeleg"}, body, []string{"MERCH ONE", "", "Unterschrift:", "", "______________________"})},
		{For: drivers.ForCustomer, Lines: slices.Concat([]string{"Kundenbeleg"}, body, []string{"AID", "TC"})},
	}
	if got := slips(reversing, said, result); !slices.EqualFunc(got, want, sameReceipt) {
		t.Errorf("%q\nwant %q", got, want)
	}
}

func TestWhoSigns(t *testing.T) {
	for data, want := range map[string]bool{
		"27 00": false, "27 00 19 40": true, "27 00 19 60": true, "27 00 19 70": false, "27 00 19 60 06 04 1F 10 01 02": false,
		"27 00 19 70 06 06 2F 04 1F 10 01 01": true, "27 00 06 04 1F 10 01 00": false, "27 00 06 04 1F 10 01 04": false, "27 00 06 04 1F 10 01 05": true,
		"27 00 06 04 1F 10 01 07": true, "27 00 06 04 1F 10 01 FF": false,
	} {
		if got := parse(t, data).signed(); got != want {
			t.Errorf("%s: %v", data, got)
		}
	}
}

// TestWhoPrints sells with each of the three ways to print, and looks at whose receipts come out.
func TestWhoPrints(t *testing.T) {
	for _, c := range []struct {
		config byte
		prints bool // the terminal sends text
		want   int
	}{{0xBE, true, 1}, {0xBE, false, 0}, {0xBA, true, 1}, {0x3E, false, 2}, {0x3A, false, 2}, {0x3C, false, 0}, {0x38, false, 0}} {
		for _, result := range []string{succeeds, declines} {
			play(t, false, func(d *device) {
				d.accepts()
				d.asks(result, okay)
				if c.prints {
					d.asks("06 D1 02 81 41", okay)
				}
				d.asks(completes, okay)
			}, func(s *saleTest) {
				s.terminal.options.config = c.config
				out, err := s.sell()
				want := c.want
				if result == declines && !c.prints {
					want = 0
				}
				if err != nil || len(out.Receipts) != want {
					t.Errorf("%02x: %+v, %v", c.config, out.Receipts, err)
				}
			})
		}
	}
}
