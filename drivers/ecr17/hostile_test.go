package ecr17_test

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/drivertest"
	"github.com/tillproof/tillproof/drivers/ecr17"
	"github.com/tillproof/tillproof/drivers/ecr17/codec"
	"github.com/tillproof/tillproof/drivers/stx"
	"github.com/tillproof/tillproof/pos"
)

// stranger answers whatever it hears with the same bytes.
func stranger(t *testing.T, says []byte, test func(drivers.CardTerminal)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		near, far := drivertest.Wire()
		done := make(chan struct{})
		go func() {
			defer close(done)
			for b := make([]byte, 256); ; {
				if _, err := far.Read(b); err != nil {
					return
				}
				time.Sleep(10 * time.Millisecond) // a wire takes time; without it a talk of two would take none for ever
				_, _ = far.Write(says)
			}
		}()
		terminal, err := ecr17.Driver().NewCardTerminal(near, drivers.Settings{Currency: "EUR"})
		if err != nil {
			t.Fatal(err)
		}
		test(terminal)
		_ = near.Close()
		<-done
	})
}

func TestAnotherProtocolIsNamed(t *testing.T) {
	transbank := (&stx.Rules{Max: 4096}).Frame([]byte("0210|00|597029414300|"))
	for name, c := range map[string]struct {
		says   []byte
		speaks string
	}{
		"ZVT":       {[]byte{0x06, 0x10, 0x02, 0x80, 0x00, 0x00, 0x10, 0x03, 0xF5, 0x1F}, "zvt"},
		"Transbank": {append([]byte{0x06}, transbank...), "transbank"},
		"scanner":   {[]byte("4006381333931\r\n"), "text (scanner?)"},
	} {
		t.Run(name, func(t *testing.T) {
			stranger(t, c.says, func(terminal drivers.CardTerminal) {
				begun := time.Now()
				_, err := terminal.Open(t.Context())
				var e *pos.Error
				if !errors.As(err, &e) || e.Code != "wrong_protocol" || e.Details["speaks"] != c.speaks || e.Money != pos.NoneMoved {
					t.Errorf("%v", err)
				}
				if took := time.Since(begun); took > 30*time.Second {
					t.Errorf("took %v", took)
				}
			})
		})
	}
}

// Whatever answers, an end comes, and it never is a sale.
func TestNonsenseIsNoSale(t *testing.T) {
	rules := codec.Rules()
	status := codec.New('s', "30500017", 41)
	status[30] = '2'
	answer := func(text string) []byte {
		return append(rules.Control(stx.ACK), rules.Frame([]byte(text))...)
	}
	for name, says := range map[string][]byte{
		"ACK only":            rules.Control(stx.ACK),
		"NAK only":            rules.Control(stx.NAK),
		"the question itself": answer("000000000s"),
		"status to all":       answer(string(status)),
		"no header":           answer("hello"),
		"empty":               rules.Frame(nil),
		"progress only":       []byte("\x01ATTENDERE PREGO     \x04"),
		"begins of frames":    {0x02, 0x02, 0x02, 0x01, 0x15, 0x03},
		"a result only":       answer("305000170E00"),
	} {
		t.Run(name, func(t *testing.T) {
			stranger(t, says, func(terminal drivers.CardTerminal) {
				_, err := terminal.Sale(t.Context(), drivers.Sale{Amount: pos.Money{Amount: 1023, Currency: "EUR"}, Ref: "a sale",
					Progress: func(drivers.Progress) {},
					Commit:   func(r drivers.Result) error { t.Errorf("committed %+v", r); return nil }})
				var e *pos.Error
				if !errors.As(err, &e) || e.Text == "" || e.Next == "" {
					t.Errorf("%v", err)
				}
			})
		})
	}
}

// Answers that come before their ACK, or without one, are answers, even in the same words as the last.
func TestAnswersWithoutAnAcknowledgement(t *testing.T) {
	for name, behind := range map[string][]byte{"before": ack(), "without": nil} {
		t.Run(name, func(t *testing.T) {
			scripted(t, func(said []string) []byte {
				switch said[len(said)-1] {
				case "s":
					return append(framed(status), behind...)
				case "G":
					return append(framed(approved+"00"), behind...)
				}
				return nil
			}, func(terminal drivers.CardTerminal, r *record) {
				begun := time.Now()
				_, err := terminal.Open(t.Context())
				for range 2 {
					_, failed := terminal.Status(t.Context())
					err = errors.Join(err, failed)
				}
				if took := time.Since(begun); err != nil || took > time.Second {
					t.Errorf("%v, in %s; said %s", err, took, r.text())
				}
			})
		})
	}
}

// The text of a receipt that comes when nobody waits for it any more is acknowledged, or the terminal would say it again instead of answering.
func TestALateReceipt(t *testing.T) {
	scripted(t, func(said []string) []byte {
		switch {
		case len(said) == 1:
			return slices.Concat(ack(), framed("305000170SBAR\x7D"))
		case len(said) == 2:
			return framed(status)
		}
		return nil
	}, func(terminal drivers.CardTerminal, r *record) {
		if _, err := terminal.Status(t.Context()); err != nil || r.text() != "s ack ack" {
			t.Errorf("%v; said %s", err, r.text())
		}
	})
}

func TestOptionsAreChecked(t *testing.T) {
	for name, value := range map[string]string{"terminal_id": "123", "register": "1234567x", "lrc_scope": "all", "payment": "X", "card_kind": "5", "receipts": "both",
		"check": "never", "ack_s": "0", "result_s": "29", "running_s": "4000"} {
		if _, err := ecr17.Driver().NewCardTerminal(nil, drivers.Settings{Currency: "EUR", Options: map[string]string{name: value}}); err == nil {
			t.Errorf("%s %s was taken", name, value)
		}
	}
	good := map[string]string{"terminal_id": "30500017", "register": "00000002", "lrc_scope": "stx_payload", "payment": "plain", "card_kind": "credit", "receipts": "till",
		"check": "repeats", "ack_s": "5", "result_s": "60", "running_s": "1"}
	if _, err := ecr17.Driver().NewCardTerminal(nil, drivers.Settings{Currency: "EUR", Options: good}); err != nil {
		t.Error(err)
	}
	if _, err := ecr17.Driver().NewCardTerminal(nil, drivers.Settings{Currency: "JPY"}); err == nil {
		t.Error("a currency without cents was taken")
	}
	driver := ecr17.Driver()
	if driver.Can(drivers.RecoverSales, drivers.Settings{Options: good}) || !driver.Can(drivers.RecoverSales, drivers.Settings{}) {
		t.Error("what can be recovered does not follow from the option payment")
	}
}
