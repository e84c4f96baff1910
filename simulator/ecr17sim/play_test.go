package ecr17sim_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/stx"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/ecr17sim"
	"github.com/tillproof/tillproof/simulator/wire"
)

func TestEveryScope(t *testing.T) {
	for _, scope := range stx.Scopes() {
		for _, option := range []string{"probe", scope.String()} {
			t.Run(scope.String()+", "+option, func(t *testing.T) {
				play(t, ecr17sim.Options{Scope: scope}, map[string]string{"lrc_scope": option}, func(l *lane) {
					begun := time.Now()
					l.sold(1023)
					if took := time.Since(begun); took > time.Second {
						t.Errorf("took %v", took)
					}
				})
			})
		}
	}
	playOn(t, ecr17sim.Options{Scope: stx.PayloadOnly}, map[string]string{"lrc_scope": "payload_etx"}, wire.Options{}, func(l *lane) {
		_, err := l.driver.Open(l.t.Context())
		l.wants(err, "device_unavailable")
	})
}

// Noise at the right scope does not make the probe settle on a wrong one.
func TestAProbeThroughNoise(t *testing.T) {
	for _, scope := range stx.Scopes() {
		for at := range int64(60) {
			damage := wire.Options{Faults: []wire.Fault{{Kind: wire.Flip, Direction: wire.Out, At: at, Mask: 1}, {Kind: wire.Flip, Direction: wire.In, At: at, Mask: 2}}}
			t.Run(fmt.Sprintf("%s, byte %d", scope, at), func(t *testing.T) {
				playOn(t, ecr17sim.Options{Scope: scope}, nil, damage, func(l *lane) {
					l.open()
					l.sold(500)
				})
			})
		}
	}
}

func TestNAKs(t *testing.T) {
	play(t, ecr17sim.Options{}, nil, func(l *lane) {
		for _, naks := range []int{1, 2} {
			l.pt.Next(ecr17sim.Card{NAKs: naks})
			l.sold(1023)
		}
		if l.held() != 2046 || l.counted(ecr17sim.Received, "X") != 2 {
			t.Errorf("held %d", l.held())
		}
		l.pt.Next(ecr17sim.Card{Do: ecr17sim.Refuse})
		_, err := l.sell(1023)
		l.wants(err, "terminal_refused")
		if l.counted(ecr17sim.Received, "X") != 2 || len(l.stored) != 0 {
			t.Errorf("stored %v", l.stored)
		}
		l.sold(55)
	})
}

func TestUnknownCommandsAreRefused(t *testing.T) {
	play(t, ecr17sim.Options{NoExtended: true}, nil, func(l *lane) {
		_, err := l.sell(1023)
		l.wants(err, "terminal_refused")
	})
	play(t, ecr17sim.Options{NoExtended: true}, map[string]string{"payment": "plain"}, func(l *lane) {
		if out := l.sold(1023); out.Result.Amount != euros(1023) {
			t.Errorf("%+v", out)
		}
	})
}

func TestAWrongTerminalIDIsRefused(t *testing.T) {
	for id, right := range map[string]bool{"30500017": true, "30500018": false} {
		playOn(t, ecr17sim.Options{}, map[string]string{"terminal_id": id}, wire.Options{}, func(l *lane) {
			_, err := l.driver.Open(l.t.Context())
			if right && err != nil {
				t.Error(err)
			} else if !right {
				l.wants(err, "device_unavailable")
				if !strings.Contains(err.Error(), "refuses") {
					t.Error(err)
				}
			}
		})
	}
}

func TestATerminalWithoutALink(t *testing.T) {
	playOn(t, ecr17sim.Options{NoLink: true}, nil, wire.Options{}, func(l *lane) {
		begun := time.Now()
		_, err := l.driver.Open(l.t.Context())
		l.wants(err, "device_unavailable")
		if took := time.Since(begun); took > 10*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

func TestJunkBeforeTheAcknowledgement(t *testing.T) {
	play(t, ecr17sim.Options{}, nil, func(l *lane) {
		l.pt.Next(ecr17sim.Card{Junk: true})
		l.sold(1023)
		if l.counted(ecr17sim.Received, "X") != 1 {
			t.Error("sent again for noise")
		}
	})
}

func TestAResultWithoutAnAcknowledgement(t *testing.T) {
	for _, texts := range [][]string{nil, {}} {
		play(t, ecr17sim.Options{}, nil, func(l *lane) {
			l.pt.Next(ecr17sim.Card{NoACK: true, Progress: texts, After: 20 * time.Second})
			l.sold(1023)
			if l.counted(ecr17sim.Received, "X") != 1 || l.counted(ecr17sim.Sent, "E") != 1 {
				t.Error("the result was not taken for what it is")
			}
		})
	}
}

func TestProgressIsShown(t *testing.T) {
	play(t, ecr17sim.Options{}, nil, func(l *lane) {
		texts := []string{"INSERIRE CARTA", "DIGITARE PIN", "COLLEGAMENTO"}
		l.pt.Next(ecr17sim.Card{Progress: texts, After: 10 * time.Minute}) // each text begins the wait anew
		l.sold(1023)
		var shown []string
		for _, p := range l.shown {
			shown = append(shown, p.Text)
		}
		if !slices.Equal(shown, texts) {
			t.Errorf("shown %v", shown)
		}
	})
}

// A terminal that says nothing for as long as the protocol lets a customer look for his PIN is given up then.
func TestASilentTerminalIsGivenUp(t *testing.T) {
	play(t, ecr17sim.Options{}, nil, func(l *lane) {
		l.pt.Next(ecr17sim.Card{Do: ecr17sim.Swallow})
		begun := time.Now()
		p := l.lost(1023)
		if took := time.Since(begun); took < 180*time.Second || took > 182*time.Second {
			t.Errorf("given up after %v", took)
		}
		if r := l.asked(p); r.Verdict != drivers.Charged {
			t.Errorf("%+v", r)
		}
	})
}

func TestSplitAndGluedFrames(t *testing.T) {
	for _, damage := range []wire.Options{{Split: 1}, {Split: 7}, {Glue: 300 * time.Millisecond}, {Split: 3, Glue: 50 * time.Millisecond}} {
		playOn(t, ecr17sim.Options{}, map[string]string{"receipts": "till"}, damage, func(l *lane) {
			l.open()
			for i := range pos.Minor(5) {
				l.sold(1000 + i)
			}
			time.Sleep(time.Second)
			synctest.Wait()
		})
	}
}

func TestReceiptsComeAsTexts(t *testing.T) {
	play(t, ecr17sim.Options{Unmasked: true}, map[string]string{"receipts": "till"}, func(l *lane) {
		out := l.sold(1023)
		if l.counted(ecr17sim.Sent, "S") != 3 || l.counted(ecr17sim.Printed, "") != 0 || len(out.Receipts) != 1 {
			t.Fatalf("%d frames, %d receipts", l.counted(ecr17sim.Sent, "S"), len(out.Receipts))
		}
		lines := out.Receipts[0].Lines
		want := []string{"BAR CENTRALE", "VIA ROMA 1, MILANO", "", "ACQUISTO", "Esercente che ha un nome", " molto lungo e va a capo", "PAN **** **** **** 1111", "STAN 000001", "IMPORTO EUR 10,23"}
		if !slices.Equal(lines[:len(want)], want) || lines[len(lines)-1] != "TRANSAZIONE APPROVATA" {
			t.Errorf("%q", lines)
		}
		again, err := l.driver.(drivers.Reprinter).Reprint(l.t.Context(), nil)
		if err != nil || len(again) != 1 || !slices.Equal(again[0].Lines, lines) {
			t.Errorf("%q, %v", again, err)
		}
	})
	play(t, ecr17sim.Options{}, map[string]string{"receipts": "till"}, func(l *lane) {
		l.pt.Next(ecr17sim.Card{Do: ecr17sim.Decline})
		begun := time.Now()
		if out, err := l.sell(1023); err != nil || out.Result.Decision != drivers.Declined || time.Since(begun) > 2*time.Second {
			t.Errorf("a refusal without a receipt: %+v, %v, in %s", out, err, time.Since(begun))
		}
	})
	play(t, ecr17sim.Options{}, nil, func(l *lane) {
		_, err := l.driver.(drivers.Reprinter).Reprint(l.t.Context(), nil)
		l.wants(err, "terminal_refused")
		l.sold(1023)
		again, err := l.driver.(drivers.Reprinter).Reprint(l.t.Context(), nil)
		if err != nil || len(again) != 0 || l.counted(ecr17sim.Printed, "") != 2 {
			t.Errorf("%v, %v", again, err)
		}
	})
}

// Without E before each procedure the terminal would print from the second on.
func TestTheTerminalForgetsWhoPrints(t *testing.T) {
	play(t, ecr17sim.Options{}, map[string]string{"receipts": "till"}, func(l *lane) {
		for range 3 {
			if out := l.sold(1023); len(out.Receipts) != 1 {
				t.Errorf("%d receipts", len(out.Receipts))
			}
		}
		if l.counted(ecr17sim.Received, "E") != 3 || l.counted(ecr17sim.Printed, "") != 0 {
			t.Error("the terminal printed")
		}
	})
}

func TestTheSocketIsClosedAfterEachTransaction(t *testing.T) {
	play(t, ecr17sim.Options{CloseAfter: true}, nil, func(l *lane) {
		watch := l.driver.(interface{ Alive() error })
		if err := watch.Alive(); err != nil {
			t.Errorf("an idle wire: %v", err)
		}
		l.sold(1023)
		synctest.Wait()
		sent := l.faulty.Offset(wire.In)
		if watch.Alive() == nil {
			t.Error("a wire that is gone is taken for alive")
		}
		_, err := l.sell(1023)
		l.wants(err, "device_unavailable")
		if l.faulty.Offset(wire.In) != sent || l.held() != 1023 {
			t.Error("something was written")
		}
		<-l.served
		l.plug(wire.Options{})
		l.open()
		l.sold(55)
	})
}

func TestEveryRefusal(t *testing.T) {
	for do, want := range map[ecr17sim.Do]struct{ code, text string }{
		ecr17sim.Decline:  {"01", "FONDI INSUFFICIENTI (action code 116)"},
		ecr17sim.Abort:    {"01", "OPERAZIONE ANNULLATA"},
		ecr17sim.NoCard:   {"05", "CARTA NON PRESENTE"},
		ecr17sim.BadField: {"09", "TAG SCONOSCIUTO"},
	} {
		for _, short := range []bool{false, true} {
			play(t, ecr17sim.Options{Short: short, Numberless: short}, nil, func(l *lane) {
				l.pt.Next(ecr17sim.Card{Do: do})
				out, err := l.sell(1023)
				if err != nil || out.Result.Decision != drivers.Declined || out.Result.Code != want.code || out.Result.Text != want.text {
					t.Errorf("%s: %+v, %v", do, out.Result, err)
				}
				if len(l.stored) != 1 || l.held() != 0 {
					t.Errorf("%s: stored %v, held %d", do, l.stored, l.held())
				}
			})
		}
	}
}

func TestAResultThatNobodyKnows(t *testing.T) {
	play(t, ecr17sim.Options{}, nil, func(l *lane) {
		l.sold(100)
		l.pt.Next(ecr17sim.Card{Do: ecr17sim.Strange})
		p := l.lost(1023)
		synctest.Wait()
		if p.Stored != nil || l.counted(ecr17sim.Acknowledged, "E") != 1 || l.held() != 100 {
			t.Errorf("stored %+v; %d acknowledgements", p.Stored, l.counted(ecr17sim.Acknowledged, "E"))
		}
		if r := l.asked(p); r.Verdict != drivers.NotCharged {
			t.Errorf("%+v", r)
		}
	})
}

func TestExchange(t *testing.T) {
	play(t, ecr17sim.Options{}, nil, func(l *lane) {
		l.pt.Next(ecr17sim.Card{Exchange: &ecr17sim.Exchange{Currency: "USD", Rate: 11250, Amount: 1151, Decimals: 2}, Entry: "CLM"})
		out := l.sold(1023)
		if r := out.Result; r.Amount != euros(1023) || r.Text != "The card is charged 11.51 USD at the rate 1.1250." || r.Entry != "contactless" {
			t.Errorf("%+v", r)
		}
		l.pt.Next(ecr17sim.Card{Do: ecr17sim.LoseResult, Exchange: &ecr17sim.Exchange{Currency: "JPY", Rate: 1601200, Amount: 1638}})
		p := l.lost(1023)
		l.unplug()
		l.plug(wire.Options{})
		l.open()
		if r := l.asked(p); r.Verdict != drivers.Charged || r.Result.Text != "The card is charged 1638 JPY at the rate 160.1200." {
			t.Errorf("%+v", r)
		}
	})
}

func TestShortReplies(t *testing.T) {
	play(t, ecr17sim.Options{Short: true}, nil, func(l *lane) {
		out := l.sold(1023)
		l.sold(500)
		if _, err := l.driver.Void(l.t.Context(), l.command(500), drivers.Last{Trace: "000002"}); err != nil {
			t.Error(err)
		}
		if out.Result.Amount != euros(1023) || l.held() != 1023 {
			t.Errorf("%+v; held %d", out, l.held())
		}
		count, err := l.driver.(drivers.Counter).Count(l.t.Context(), nil)
		if err != nil || count.Amount != 1023 {
			t.Errorf("%+v, %v", count, err)
		}
	})
}
