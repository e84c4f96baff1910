package hypercomsim_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/drivers/hypercom/codec"
	"github.com/tillproof/tillproof/drivers/stx"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/hypercomsim"
)

func id(name string) codec.Field        { return codec.Text("66", fmt.Sprintf("%-20s", name)) }
func invoice(number string) codec.Field { return codec.Text("65", number) }

func TestNAKs(t *testing.T) {
	rawly(t, hypercomsim.Options{}, func(r *raw) {
		sale := r.frame(codec.Request, "20", amount(1023))
		r.pt.Next(hypercomsim.Card{Link: hypercomsim.Link{NAKs: 2}})
		for _, want := range []byte{stx.NAK, stx.NAK, stx.ACK} {
			r.write(sale...)
			r.says(want)
		}
		r.wants(r.answer(), "00")
		r.pt.Next(hypercomsim.Card{Do: hypercomsim.Refuse})
		for range 3 {
			r.write(sale...)
			r.says(stx.NAK)
		}
		r.wants(r.ask("20", amount(55)), "00")
		if n := r.counted(hypercomsim.Received); n != 2 {
			t.Errorf("%d commands", n)
		}
	})
}

func TestEveryRefusal(t *testing.T) {
	for do, want := range map[hypercomsim.Do]string{hypercomsim.Decline: "51", hypercomsim.Abort: "17", hypercomsim.NoCard: "17"} {
		rawly(t, hypercomsim.Options{}, func(r *raw) {
			r.pt.Next(hypercomsim.Card{Do: do})
			m := r.ask("20", id("a"), amount(1023))
			r.wants(m, want, "66", "a", "39", want, "01", "", "65", "")
			if m.Has("64") != (do == hypercomsim.Decline) || m.Text("02") == "" || len(r.pt.Memory().Transactions) != 0 {
				t.Errorf("%s: %+v", do, m)
			}
		})
	}
	rawly(t, hypercomsim.Options{}, func(r *raw) {
		r.pt.Next(hypercomsim.Card{Do: hypercomsim.Decline, Code: "05"})
		r.wants(r.ask("20", amount(1)), "05")
		r.wants(r.ask("20", amount(0)), "13")
		r.wants(r.ask("20"), "13")
		r.wants(r.ask("20", codec.Text("40", "12,00")), "13")
		r.wants(r.ask("ZZ"), "12")
		r.write(r.frame(codec.Answer, "20", amount(1))...)
		if e := r.hear(time.Minute); e.Kind != 0 {
			t.Errorf("an answer was taken for a command: %+v", e)
		}
	})
}

func TestVoidsAndRefunds(t *testing.T) {
	for p, codes := range map[hypercomsim.Profile][2]string{hypercomsim.Razer: {"40", "41"}, hypercomsim.LinkPOS: {"26", "27"},
		hypercomsim.Ecuador: {"26", "27"}} {
		rawly(t, hypercomsim.Options{Profile: p}, func(r *raw) {
			first := r.ask("20", amount(500)).Text("65")
			second := r.ask("20", amount(700)).Text("65")
			r.wants(r.ask(codes[0], invoice(first)), "00", "65", first, "40", "000000000500", "64", "000003")
			r.wants(r.ask(codes[0], invoice(first)), "21")
			r.wants(r.ask(codes[0], invoice("999999")), "21")
			r.wants(r.ask(codes[0]), "21")
			r.wants(r.ask(codes[1], amount(23)), "00", "40", "000000000023")
			r.pt.Next(hypercomsim.Card{Do: hypercomsim.Decline})
			r.wants(r.ask(codes[0], invoice(second)), "51")
			m := r.pt.Memory()
			if got := m.Totals()[pos.Card][m.Currency]; got.Amount != 677 || got.Count != 1 {
				t.Errorf("%s: %+v", p, got)
			}
			r.ask("50")
			r.wants(r.ask(codes[0], invoice(second)), "21")
		})
	}
}

// Totals in both widths, with and without voided sales in those of sales.
func TestTotals(t *testing.T) {
	for _, wide := range []bool{false, true} {
		for _, whole := range []bool{false, true} {
			rawly(t, hypercomsim.Options{WideTotals: wide, VoidedInSales: whole}, func(r *raw) {
				voided := r.ask("20", amount(500)).Text("65")
				r.ask("20", amount(1023))
				r.ask("40", invoice(voided))
				r.ask("41", amount(23))
				m := r.ask("50", codec.Text("52", "1"))
				want := map[string][2]int64{"80": {1, 1023}, "81": {}, "82": {1, 500}, "83": {}, "84": {}, "85": {1, 23}, "86": {}}
				if whole {
					want["80"] = [2]int64{2, 1523}
				}
				for code, sum := range want {
					text := fmt.Sprintf("%04d%012d", sum[0], sum[1])
					if wide {
						text = fmt.Sprintf("%04d%016d", sum[0], sum[1])
					}
					r.wants(m, "00", code, text, "50", "000001")
				}
				if got := r.pt.Memory().Settlements; len(got) != 1 || got[0].Amount != 1000 || got[0].Count != 1 || got[0].Batch != 1 {
					t.Errorf("%+v", got)
				}
				r.wants(r.ask("50"), "00", "50", "000002", "82", m.Text("81"))
			})
		}
	}
}

func TestSettlementOfSeveralHosts(t *testing.T) {
	rawly(t, hypercomsim.Options{Hosts: []string{"VISA/MC", "MYDEBIT", "AMEX"}}, func(r *raw) {
		for i := range 4 {
			r.pt.Next(hypercomsim.Card{Host: i})
			r.ask("20", amount(int64(100*(i+1))))
		}
		m := r.ask("50")
		head, groups := m.Groups()
		if len(head) != 2 || len(groups) != 3 || m.Text("39") != "00" {
			t.Fatalf("%+v, %+v", head, groups)
		}
		for i, want := range []string{"0002000000000500", "0001000000000200", "0001000000000300"} {
			if g := groups[i]; g[0].Code != "D3" || g[4].Code != "80" || string(g[4].Data) != want {
				t.Errorf("%+v, want %s", g, want)
			}
		}
		r.pt.NextEndOfDay(hypercomsim.Card{Do: hypercomsim.Decline})
		r.wants(r.ask("50"), "51")
		if n := len(r.pt.Memory().Settlements); n != 1 {
			t.Errorf("%d settlements", n)
		}
	})
}

func TestTheBatchIsListed(t *testing.T) {
	rawly(t, hypercomsim.Options{}, func(r *raw) {
		if _, groups := r.ask("51").Groups(); len(groups) != 0 {
			t.Errorf("%+v", groups)
		}
		r.ask("20", amount(100))
		r.ask("40", invoice(r.ask("20", amount(200)).Text("65")))
		r.ask("41", amount(50))
		head, groups := r.ask("51").Groups()
		var list []string
		for _, g := range groups {
			m := codec.Message{Fields: g}
			list = append(list, m.Text("65")+" "+m.Text("64")+" "+strings.TrimLeft(m.Text("40"), "0")+" "+m.Text("D9"))
		}
		want := "000001 000001 100 SALE, 000002 000002 200 VOIDED SALE, 000002 000003 200 VOID, 000003 000004 50 REFUND"
		if got := strings.Join(list, ", "); got != want || len(head) != 2 {
			t.Errorf("%s, want %s", got, want)
		}
	})
}

func TestTheTillCancels(t *testing.T) {
	rawly(t, hypercomsim.Options{}, func(r *raw) {
		sale := r.frame(codec.Request, "20", amount(1023))
		r.pt.Next(hypercomsim.Card{After: 20 * time.Second})
		r.write(sale...)
		r.says(stx.ACK)
		time.Sleep(9 * time.Second)
		r.write(r.frame(codec.Notice, "XX")...)
		r.says(stx.ACK)
		r.wants(r.answer(), "17", "02", "CANCELLED")
		// With an answer of its own, and too late.
		for wait, want := range map[time.Duration][2]string{9 * time.Second: {"00", "17"}, 11 * time.Second: {"12", "00"}} {
			r.pt.Next(hypercomsim.Card{After: 20 * time.Second})
			r.write(sale...)
			r.says(stx.ACK)
			time.Sleep(wait)
			r.wants(r.ask("XX"), want[0])
			m := r.answer()
			if r.wants(m, want[1]); m.Code != "20" {
				t.Errorf("%+v", m)
			}
		}
		r.wants(r.ask("XX"), "12") // nothing runs
		if got := r.pt.Memory().Totals()[pos.Card]["MYR"]; got.Count != 1 {
			t.Errorf("%+v", got)
		}
	})
	rawly(t, hypercomsim.Options{Profile: hypercomsim.LinkPOS}, func(r *raw) {
		r.pt.Next(hypercomsim.Card{After: 20 * time.Second})
		r.write(r.frame(codec.Request, "20", amount(1023))...)
		r.says(stx.ACK)
		r.write(r.frame(codec.Request, "XX")...) // which it does not know
		r.wants(r.answer(), "00")
	})
}

func TestAWalletAnswers(t *testing.T) {
	rawly(t, hypercomsim.Options{}, func(r *raw) {
		r.pt.Next(hypercomsim.Card{Do: hypercomsim.Wallet})
		for range 2 { // asked for, and by the customer's choice
			m := r.ask("20", amount(1023), codec.Text("M1", "02"))
			r.wants(m, "00", "W1", "01", "30", "")
			parts := m.Text("99")
			if !strings.HasPrefix(parts, "\xB9\x02\x0861000017\xB9\x03\x06") || !strings.Contains(parts, "\xB9\x10\x1CTwo noodle soups and one tea\xB9\x11\x02\x15\x06") {
				t.Errorf("%q", parts)
			}
		}
	})
}

func TestWhatWasApprovedIsToldAgain(t *testing.T) {
	rawly(t, hypercomsim.Options{Unmasked: true}, func(r *raw) {
		first := r.ask("20", id("first"), amount(1023))
		r.wants(first, "00", "30", "4111111111111111")
		r.wants(r.ask("12", id("first")), "00", "66", "first", "40", "000000001023", "64", first.Text("64"), "01", first.Text("01"), "30", "************1111")
		r.wants(r.ask("12", id("second")), "25")
		r.wants(r.ask("12"), "25")
		r.pt.Next(hypercomsim.Card{Do: hypercomsim.Decline})
		r.wants(r.ask("20", id("second"), amount(5)), "51")
		r.wants(r.ask("12", id("second")), "25")
		r.wants(r.ask("40", id("third"), invoice(first.Text("65"))), "00")
		r.wants(r.ask("12", id("third")), "00", "65", first.Text("65"))
		r.wants(r.ask("12", id("first")), "00", "39", "VD")
		r.wants(r.ask("71", codec.Text("64", "000001")), "12")
	})
	rawly(t, hypercomsim.Options{VoidsHidden: true, NoEcho: true, NoAmount: true}, func(r *raw) {
		m := r.ask("20", id("first"), amount(1023))
		r.wants(m, "00", "66", "", "40", "")
		r.ask("20", amount(1023)) // without a name
		r.wants(r.ask("12"), "25")
		r.ask("40", invoice(m.Text("65")))
		r.wants(r.ask("12", id("first")), "25")
	})
	rawly(t, hypercomsim.Options{Profile: hypercomsim.LinkPOS, LastCode: "72", FirstTrace: 999_998, FirstInvoice: 999_999}, func(r *raw) {
		r.wants(r.ask("72"), "25")
		r.wants(r.ask("20", amount(1)), "00", "64", "999999", "65", "000001")
		r.wants(r.ask("20", amount(2)), "00", "64", "000001", "65", "000002")
		r.wants(r.ask("71", codec.Text("64", "999999")), "00", "40", "000000000001")
		r.wants(r.ask("71", invoice("000002")), "00", "40", "000000000002")
		r.wants(r.ask("71", codec.Text("64", "000007")), "25")
		r.wants(r.ask("72"), "00", "40", "000000000002")
		r.wants(r.ask("12", id("a")), "12")
	})
}

// The line is lost, or stays silent, and the customer pays all the same.
func TestAnAnswerThatIsLost(t *testing.T) {
	rawly(t, hypercomsim.Options{}, func(r *raw) {
		for _, do := range []hypercomsim.Do{hypercomsim.LoseResult, hypercomsim.Swallow} {
			r.pt.Next(hypercomsim.Card{Do: do})
			r.write(r.frame(codec.Request, "20", id(string(do)), amount(1023))...)
			r.says(stx.ACK)
			if e := r.hear(time.Minute); e.Kind != 0 || (e.Err != nil) != (do == hypercomsim.LoseResult) {
				t.Errorf("%s: %+v", do, e)
			}
			r.plug()
			r.wants(r.ask("12", id(string(do))), "00", "40", "000000001023")
		}
		r.pt.Next(hypercomsim.Card{After: 20 * time.Second})
		r.write(r.frame(codec.Request, "20", id("unplugged"), amount(5))...)
		r.says(stx.ACK)
		begun := time.Now()
		r.plug() // waits for the customer
		if took := time.Since(begun); took != 20*time.Second {
			t.Errorf("the customer was left after %v", took)
		}
		r.wants(r.ask("12", id("unplugged")), "00")
	})
}

func TestABusyTerminal(t *testing.T) {
	for _, answers := range []bool{false, true} {
		rawly(t, hypercomsim.Options{AnswersBusy: answers}, func(r *raw) {
			r.pt.Next(hypercomsim.Card{Do: hypercomsim.SlowPIN})
			r.write(r.frame(codec.Request, "20", id("slow"), amount(5))...)
			r.says(stx.ACK)
			r.write(r.frame(codec.Request, "12", id("slow"))...)
			if e := r.hear(time.Second); (e.Kind == stx.GotControl) != answers {
				t.Fatalf("%+v", e)
			}
			if answers {
				r.wants(r.answer(), "25")
			}
			begun := time.Now()
			if m := r.answer(); m.Code != "20" || time.Since(begun) < 88*time.Second {
				t.Errorf("%+v after %v", m, time.Since(begun))
			}
			r.wants(r.ask("12", id("slow")), "00")
		})
	}
}

func TestPersonalFieldsOnWish(t *testing.T) {
	personal := map[string]string{"31": "2812", "D5": "TEST/CARD", "T2": "4111111111111111=2812"}
	rawly(t, hypercomsim.Options{Personal: personal}, func(r *raw) {
		m := r.ask("20", amount(1023))
		for code, text := range personal {
			r.wants(m, "00", code, text)
		}
	})
}

func TestMemorySurvives(t *testing.T) {
	path := filepath.Join(t.TempDir(), "terminal.json")
	for day := range 2 {
		rawly(t, hypercomsim.Options{Path: path}, func(r *raw) {
			r.wants(r.ask("20", amount(1000)), "00", "64", fmt.Sprintf("%06d", day+1), "65", fmt.Sprintf("%06d", day+1))
		})
	}
	m, err := hypercomsim.Load(path)
	if err != nil || m.Totals()[pos.Card]["MYR"] != (pos.Sum{Count: 2, Amount: 2000}) {
		t.Errorf("%+v, %v", m, err)
	}
}

func TestWhatIsNoTerminal(t *testing.T) {
	for _, o := range []hypercomsim.Options{{Profile: "moon"}, {TerminalID: "1"}, {MerchantID: "a"}, {Path: t.TempDir()}} {
		if _, err := hypercomsim.New(o); err == nil {
			t.Errorf("%+v", o)
		}
	}
}
