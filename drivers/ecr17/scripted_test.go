package ecr17_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
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

// record is what a till says on the line: codes of messages, "ack" and "nak".
type record struct {
	mu   sync.Mutex
	said []string
}

func (r *record) add(word string) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.said = append(r.said, word)
	return slices.Clone(r.said)
}

// text is all of it, once the last word has arrived.
func (r *record) text() string {
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.said, " ")
}

// scripted plays a terminal that answers each thing that the till says by its place in the talk.
func scripted(t *testing.T, answer func(said []string) []byte, test func(drivers.CardTerminal, *record)) {
	t.Helper()
	scriptedWith(t, nil, answer, test)
}

func scriptedWith(t *testing.T, options map[string]string, answer func(said []string) []byte, test func(drivers.CardTerminal, *record)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		near, far := drivertest.Wire()
		r, done := &record{}, make(chan struct{})
		go func() {
			defer close(done)
			decoder, b := &stx.Decoder{Rules: codec.Rules()}, make([]byte, 1)
			for {
				if _, err := far.Read(b); err != nil {
					return
				}
				for _, e := range decoder.Feed(b[0]) {
					word := "?"
					switch {
					case e.Kind == stx.GotFrame:
						word = string(rune(codec.Message(e.Payload).Code()))
					case e.Kind == stx.GotControl && e.Payload[0] == stx.ACK:
						word = "ack"
					case e.Kind == stx.GotControl:
						word = "nak"
					}
					_, _ = far.Write(answer(r.add(word)))
				}
			}
		}()
		terminal, err := ecr17.Driver().NewCardTerminal(near, drivers.Settings{Currency: "EUR", Options: options})
		if err != nil {
			t.Fatal(err)
		}
		test(terminal, r)
		_ = near.Close()
		<-done
	})
}

func framed(text string) []byte { return codec.Rules().Frame([]byte(text)) }

func ack() []byte { return codec.Rules().Control(stx.ACK) }

const (
	status   = "305000170s0000000000221126101621"
	approved = "305000170E00000************1111ICCA1B2C33261015200000000001000123700123000000010230000000000"
	refused  = "305000170E01CARTA SCADUTA           00000000000200000000001000124700124118000000000000000000"
)

func sale(commit func(drivers.Result) error) drivers.Sale {
	return drivers.Sale{Amount: pos.Money{Amount: 1023, Currency: "EUR"}, Ref: "a sale", Progress: func(drivers.Progress) {}, Commit: commit}
}

func kept(drivers.Result) error { return nil }

// A terminal that has the command, and whose every word of it is lost, gets it once.
func TestSilenceIsNoReasonToSellTwice(t *testing.T) {
	scripted(t, func(said []string) []byte {
		if said[len(said)-1] == "s" {
			return append(ack(), framed(status)...)
		}
		return nil
	}, func(terminal drivers.CardTerminal, r *record) {
		_, err := terminal.Sale(t.Context(), sale(kept))
		if pos.MoneyOf(err) != pos.MoneyUnknown || r.text() != "s ack X" {
			t.Errorf("%v; said %s", err, r.text())
		}
	})
}

// Two NAKs are noise, and then the ACK is lost: the third frame is the last.
func TestNAKThenSilence(t *testing.T) {
	scripted(t, func(said []string) []byte {
		switch n := len(said); {
		case said[n-1] == "s":
			return append(ack(), framed(status)...)
		case said[n-1] == "X" && n < 5:
			return codec.Rules().Control(stx.NAK)
		}
		return nil
	}, func(terminal drivers.CardTerminal, r *record) {
		_, err := terminal.Sale(t.Context(), sale(kept))
		if pos.MoneyOf(err) != pos.MoneyUnknown || r.text() != "s ack X X X" {
			t.Errorf("%v; said %s", err, r.text())
		}
	})
}

// A doubled NAK is one: the terminal that has taken the repetition gets no third frame.
func TestADoubledNAK(t *testing.T) {
	scripted(t, func(said []string) []byte {
		switch n := len(said); {
		case said[n-1] == "s":
			return append(ack(), framed(status)...)
		case said[n-1] == "X" && n == 3:
			return slices.Concat(codec.Rules().Control(stx.NAK), codec.Rules().Control(stx.NAK))
		case said[n-1] == "X":
			return append(ack(), framed(approved)...)
		}
		return nil
	}, func(terminal drivers.CardTerminal, r *record) {
		out, err := terminal.Sale(t.Context(), sale(kept))
		if err != nil || out.Result.Decision != drivers.Approved || r.text() != "s ack X X ack" {
			t.Errorf("%+v, %v; said %s", out.Result, err, r.text())
		}
	})
}

// What comes while a question waits for its answer, and is the result of a command that was lost, is not acknowledged: it is not durable.
func TestALateResultIsNotAcknowledged(t *testing.T) {
	scripted(t, func(said []string) []byte {
		switch {
		case len(said) == 1:
			return slices.Concat(framed(approved), ack(), framed(status))
		case said[len(said)-1] == "G":
			return slices.Concat(ack(), framed(approved))
		}
		return nil
	}, func(terminal drivers.CardTerminal, r *record) {
		last, err := terminal.Open(t.Context())
		if err != nil || last.Trace != "000123" || r.text() != "s ack G ack G ack" {
			t.Errorf("%+v, %v; said %s", last, err, r.text())
		}
	})
}

// A terminal that repeats its last result although it has answered a question, and although it has begun the next payment.
func TestARepetitionInTheMiddleOfTheNextSale(t *testing.T) {
	second := strings.Replace(approved, "000123700123", "000124700124", 1)
	sales := 0
	scripted(t, func(said []string) []byte {
		switch said[len(said)-1] {
		case "s":
			return append(ack(), framed(status)...)
		case "X":
			if sales++; sales == 2 {
				return slices.Concat(ack(), framed(approved), framed(approved), []byte("\x01ATTENDERE PREGO     \x04"), framed(second))
			}
			return append(ack(), framed(approved)...)
		}
		return nil
	}, func(terminal drivers.CardTerminal, r *record) {
		for _, stan := range []string{"000123", "000124"} {
			commits := 0
			out, err := terminal.Sale(t.Context(), sale(func(drivers.Result) error { commits++; return nil }))
			if err != nil || out.Result.Trace != stan || commits != 1 {
				t.Errorf("%+v, %v; %d commits; said %s", out.Result, err, commits, r.text())
			}
		}
	})
}

// What G has told is not the result of the next payment, even over the same amount: no approval is given twice, and a question shows that no refusal is
// being repeated.
func TestARepetitionOfWhatWasAskedFor(t *testing.T) {
	second := strings.Replace(approved, "000123700123", "000125700125", 1)
	for name, first := range map[string]string{"approval": approved, "refusal": refused} {
		t.Run(name, func(t *testing.T) {
			scriptedWith(t, map[string]string{"check": "repeats"}, func(said []string) []byte {
				switch n := len(said); {
				case said[n-1] == "s":
					return append(ack(), framed(status)...)
				case said[n-1] == "G":
					return append(ack(), framed(first)...)
				case said[n-1] == "X" && (first == approved || said[n-3] == "G"):
					return slices.Concat(ack(), framed(first), framed(second))
				case said[n-1] == "X":
					return append(ack(), framed(second)...)
				}
				return nil
			}, func(terminal drivers.CardTerminal, r *record) {
				if _, err := terminal.Open(t.Context()); err != nil {
					t.Fatal(err)
				}
				commits := 0
				out, err := terminal.Sale(t.Context(), sale(func(drivers.Result) error { commits++; return nil }))
				if err != nil || out.Result.Trace != "000125" || commits != 1 {
					t.Errorf("%+v, %v; %d commits; said %s", out.Result, err, commits, r.text())
				}
			})
		})
	}
}

// Odd but legal: the acknowledgement behind the result, a status out of the blue, receipts before the result, junk between.
func TestOddTalks(t *testing.T) {
	for name, c := range map[string]struct {
		toX  []byte
		want drivers.Decision
	}{
		"ACK behind the result":     {slices.Concat(framed(approved), ack()), drivers.Approved},
		"no ACK at all":             {framed(approved), drivers.Approved},
		"two ACKs":                  {slices.Concat(ack(), ack(), framed(approved)), drivers.Approved},
		"a NAK behind the ACK":      {slices.Concat(ack(), codec.Rules().Control(stx.NAK), framed(approved)), drivers.Approved},
		"a status in between":       {slices.Concat(ack(), framed(status), framed(approved)), drivers.Approved},
		"a receipt before":          {slices.Concat(ack(), framed("305000170SBAR\x7D"), framed(approved)), drivers.Approved},
		"progress without an end":   {slices.Concat(ack(), []byte("\x01ATTENDERE"), framed(approved)), drivers.Approved},
		"progress with odd letters": {slices.Concat(ack(), []byte("\x01CITT\xC0 4111111111111111"[:21]+"\x04"), framed(approved)), drivers.Approved},
		"junk in between":           {slices.Concat(ack(), []byte{0x06, 0xFF, 0x15, 0x03, 0x00, 0x7F, 0x00}, framed(approved)), drivers.Approved},
		"a begin, then anew":        {slices.Concat(ack(), framed(approved)[:40], framed(approved)), drivers.Approved},
		"a V":                       {slices.Concat(ack(), framed(strings.Replace(approved, "0E00", "0V00", 1)+strings.Repeat("0", 25))), drivers.Approved},
		"longer":                    {slices.Concat(ack(), framed(approved+"0000")), drivers.Approved},
		"cut in its reserve":        {slices.Concat(ack(), framed(approved[:88])), drivers.Approved},
		"cut behind the online id":  {slices.Concat(ack(), framed(approved[:71])), drivers.Approved},
		"a refusal":                 {slices.Concat(ack(), framed(refused)), drivers.Declined},
		"somebody else's result":    {slices.Concat(ack(), framed(strings.Replace(approved, "0E00", "0e00", 1))), ""},
		"a closing":                 {slices.Concat(ack(), framed("305000170C00"+strings.Repeat("0", 32))), ""},
		"nothing but a code":        {slices.Concat(ack(), framed("305000170E0")), ""},
		"a result out of the table": {slices.Concat(ack(), framed(strings.Replace(approved, "0E00", "0E10", 1))), ""},
	} {
		t.Run(name, func(t *testing.T) {
			sold := false
			scripted(t, func(said []string) []byte {
				switch said[len(said)-1] {
				case "s":
					return append(ack(), framed(status)...)
				case "X":
					if !sold {
						sold = true
						return c.toX
					}
				}
				return nil
			}, func(terminal drivers.CardTerminal, r *record) {
				var durable []drivers.Result
				begun := time.Now()
				out, err := terminal.Sale(t.Context(), sale(func(d drivers.Result) error { durable = append(durable, d); return nil }))
				var e *pos.Error
				switch {
				case c.want == "" && (!errors.As(err, &e) || e.Retry != pos.OutcomeUnknown || len(durable) > 0):
					t.Errorf("%+v, %v; durable %v", out, err, durable)
				case c.want != "" && (err != nil || out.Result.Decision != c.want || len(durable) != 1 || !strings.HasSuffix(r.text(), "ack")):
					t.Errorf("%+v, %v; durable %v; said %s", out, err, durable, r.text())
				}
				if strings.Count(r.text(), "X") != 1 || time.Since(begun) > 182*time.Second {
					t.Errorf("said %s, in %s", r.text(), time.Since(begun))
				}
			})
		})
	}
}

// An XOR does not see two zeros that are lost: what has an odd form is asked for again, and believed when it comes so again.
func TestDamageThatTheCheckDoesNotSee(t *testing.T) {
	cut := strings.Replace(approved, "000000000100012370", "0000000100012370", 1)
	for name, c := range map[string]struct {
		first, second, stan string
		amount              pos.Minor
	}{
		"two zeros lost":           {cut, approved, "000123", 1023},
		"a form of its own":        {refused + "0000", refused + "0000", "000124", 1023},
		"another amount":           {strings.Replace(approved, "00001023", "00001000", 1), approved, "000123", 1023},
		"another amount, for good": {strings.Replace(approved, "00001023", "00001000", 1), strings.Replace(approved, "00001023", "00001000", 1), "000123", 1000},
	} {
		t.Run(name, func(t *testing.T) {
			if len(c.first) == len(approved) && c.first == approved {
				t.Fatal("no damage")
			}
			scripted(t, func(said []string) []byte {
				switch said[len(said)-1] {
				case "s":
					return append(ack(), framed(status)...)
				case "X":
					return append(ack(), framed(c.first)...)
				case "nak":
					return framed(c.second)
				}
				return nil
			}, func(terminal drivers.CardTerminal, r *record) {
				out, err := terminal.Sale(t.Context(), sale(kept))
				if err != nil || out.Result.Trace != c.stan || out.Result.Amount.Amount != c.amount || r.text() != "s ack X nak ack" {
					t.Errorf("%+v, %v; said %s", out.Result, err, r.text())
				}
			})
		})
	}
}
