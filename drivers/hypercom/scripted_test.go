package hypercom_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/drivertest"
	"github.com/tillproof/tillproof/drivers/hypercom"
	"github.com/tillproof/tillproof/drivers/hypercom/codec"
	"github.com/tillproof/tillproof/drivers/stx"
	"github.com/tillproof/tillproof/pos"
)

// record is what a till says on the line: codes of messages, "ack" and "nak", and the last request.
type record struct {
	mu   sync.Mutex
	said []string
	last codec.Message
}

func (r *record) add(word string, m codec.Message) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.said = append(r.said, word); m.Code != "" {
		r.last = m
	}
	return slices.Clone(r.said)
}

// text is all of it, once the last word has arrived.
func (r *record) text() string {
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.said, " ")
}

func (r *record) request() codec.Message {
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.last
}

// script answers what the till says: the word, how often it was said so far, and the message if it is one.
type script func(word string, times int, m codec.Message) []byte

// scripted plays a terminal.
func scripted(t *testing.T, options map[string]string, answer script, test func(drivers.CardTerminal, *record)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		near, far := drivertest.Wire()
		r, done := &record{}, make(chan struct{})
		go func() {
			defer close(done)
			decoder, b := &stx.Decoder{Rules: codec.Usual().Rules()}, make([]byte, 1)
			for {
				if _, err := far.Read(b); err != nil {
					return
				}
				for _, e := range decoder.Feed(b[0]) {
					word, m := "?", codec.Message{}
					switch {
					case e.Kind == stx.GotFrame:
						m, _ = codec.Usual().Parse(e.Payload)
						word = m.Code
					case e.Kind == stx.GotControl && e.Payload[0] == stx.ACK:
						word = "ack"
					case e.Kind == stx.GotControl:
						word = "nak"
					}
					said, times := r.add(word, m), 0
					for _, w := range said {
						if w == word {
							times++
						}
					}
					_, _ = far.Write(answer(word, times, m))
				}
			}
		}()
		terminal, err := hypercom.Driver().NewCardTerminal(near, drivers.Settings{Currency: "MYR", Options: options})
		if err != nil {
			t.Fatal(err)
		}
		test(terminal, r)
		_ = near.Close()
		<-done
	})
}

func thai() map[string]string { return map[string]string{"profile": "linkpos"} }

// framed is an answer on the wire.
func framed(code, response string, fields ...codec.Field) []byte {
	form := codec.Usual()
	return form.Rules().Frame(form.Payload(codec.Message{Direction: codec.Answer, Code: code, Response: response, Fields: fields}))
}

// unfinished is an answer that another message follows.
func unfinished(code string, fields ...codec.Field) []byte {
	form := codec.Usual()
	return form.Rules().Frame(form.Payload(codec.Message{Direction: codec.Answer, Code: code, Response: "00", More: true, Fields: fields}))
}

func ack(frames ...[]byte) []byte { return slices.Concat(append([][]byte{{stx.ACK}}, frames...)...) }

func nak() []byte { return []byte{stx.NAK} }

// pong answers a ping.
func pong() []byte { return ack(framed("FF", "CP")) }

// paid are the fields of an approval of the command with a name ("" for none) and an amount.
func paid(id, amount, trace string) []codec.Field {
	fields := []codec.Field{codec.Text("02", "APPROVED            "), codec.Text("40", amount), codec.Text("64", trace), codec.Text("65", "000417"),
		codec.Text("01", "A1B2C3"), codec.Text("30", "************1111"), codec.Text("D2", "VISA\x00\x00\x00\x00\x00\x00"), codec.Text("E6", "07"),
		codec.Text("03", "261122"), codec.Text("04", "101530"), codec.Text("19", "\x02\x03\x06\x15\x1C"), codec.Text("D5", "SMITH/JOHN"), codec.Text("31", "3012")}
	if id != "" {
		fields = append([]codec.Field{codec.Text("66", id)}, fields...)
	}
	return fields
}

const asked = "000000001023"

var ours = drivers.Ticket("a sale", 20)

func sale(commit func(drivers.Result) error) drivers.Sale {
	return drivers.Sale{Amount: pos.Money{Amount: 1023, Currency: "MYR"}, Ref: "a sale", Progress: func(drivers.Progress) {}, Commit: commit}
}

func kept(drivers.Result) error { return nil }

// TestRequests compares what goes out with the fields that the descriptions give each transaction.
func TestRequests(t *testing.T) {
	zeros, blanks := strings.Repeat("0", 20), strings.Repeat(" ", 20)
	of := drivers.Last{Trace: "42", ReceiptNo: "417"}
	for name, c := range map[string]struct {
		options map[string]string
		do      func(drivers.CardTerminal) error
		want    string
	}{
		"a purchase": {nil, func(d drivers.CardTerminal) error { _, err := d.Sale(t.Context(), sale(kept)); return err },
			"20: 00=" + zeros + " 66=" + ours + " 40=" + asked + " 42=000000000000 M1=01 09=1 C0=" + blanks},
		"a void": {map[string]string{"cashier": "ANN", "receipt": "no"}, func(d drivers.CardTerminal) error { _, err := d.Void(t.Context(), sale(kept), of); return err },
			"40: 00=" + zeros + " 66=" + ours + " 65=000417 09=0 C0=ANN" + blanks[3:]},
		"a refund": {nil, func(d drivers.CardTerminal) error { _, err := d.Refund(t.Context(), sale(kept)); return err },
			"41: 00=" + zeros + " 66=" + ours + " 40=" + asked + " 09=1 C0=" + blanks},
		"a purchase in Thailand": {thai(), func(d drivers.CardTerminal) error { _, err := d.Sale(t.Context(), sale(kept)); return err }, "20: 40=" + asked},
		"a void in Thailand":     {thai(), func(d drivers.CardTerminal) error { _, err := d.Void(t.Context(), sale(kept), of); return err }, "26: 65=000417"},
		"a refund in Thailand":   {thai(), func(d drivers.CardTerminal) error { _, err := d.Refund(t.Context(), sale(kept)); return err }, "27: 40=" + asked},
		"a code of its own": {map[string]string{"profile": "linkpos", "void_code": "28"},
			func(d drivers.CardTerminal) error { _, err := d.Void(t.Context(), sale(kept), of); return err }, "28: 65=000417"},
	} {
		t.Run(name, func(t *testing.T) {
			scripted(t, c.options, func(word string, _ int, m codec.Message) []byte {
				switch word {
				case "FF":
					return pong()
				case "ack":
					return nil
				}
				return ack(framed(word, "51", codec.Field{Code: "66", Data: m.Get("66")}))
			}, func(terminal drivers.CardTerminal, r *record) {
				err := c.do(terminal)
				m, got := r.request(), []string{}
				for _, f := range m.Fields {
					got = append(got, f.Code+"="+string(f.Data))
				}
				if text := m.Code + ": " + strings.Join(got, " "); err != nil || text != c.want || m.Direction != codec.Request {
					t.Errorf("%v: %s\nnot %s", err, text, c.want)
				}
			})
		})
	}
}

func TestAnApprovalIsRead(t *testing.T) {
	scripted(t, nil, func(word string, _ int, _ codec.Message) []byte {
		switch word {
		case "FF":
			return pong()
		case "20":
			return ack(framed("20", "00", append(paid(ours, asked, "000042"), codec.Text("16", "61000017"), codec.Text("D1", "000000610000017"), codec.Text("D4", "VISA CREDIT"))...))
		}
		return nil
	}, func(terminal drivers.CardTerminal, r *record) {
		out, err := terminal.Sale(t.Context(), sale(kept))
		want := drivers.Result{Decision: drivers.Approved, Amount: pos.Money{Amount: 1023, Currency: "MYR"}, Code: "00", Text: "APPROVED", Trace: "000042", ReceiptNo: "000417",
			TerminalID: "61000017", MerchantID: "000000610000017", AuthCode: "A1B2C3", Brand: "visa", CardName: "VISA CREDIT", Last4: "1111", Entry: "contactless",
			Date: "2026-11-22", Time: "10:15:30"}
		if err != nil || out.Result != want || r.text() != "FF ack 20 ack" {
			t.Errorf("%+v, %v; said %s\nnot %+v", out.Result, err, r.text(), want)
		}
	})
}

// A terminal that has the command, and whose every word of it is lost, gets it once; so does one that found it damaged twice.
func TestSilenceIsNoReasonToSellTwice(t *testing.T) {
	for name, c := range map[string]struct {
		options map[string]string
		naks    int
		said    string
		within  time.Duration
	}{
		"silence":             {nil, 0, "FF ack 20", 184 * time.Second},
		"silence in Thailand": {thai(), 0, "20", 9 * time.Second},
		"two NAKs, silence":   {nil, 2, "FF ack 20 20 20", 184 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			scripted(t, c.options, func(word string, times int, _ codec.Message) []byte {
				switch {
				case word == "FF":
					return pong()
				case word == "20" && times <= c.naks:
					return nak()
				}
				return nil
			}, func(terminal drivers.CardTerminal, r *record) {
				begun := time.Now()
				_, err := terminal.Sale(t.Context(), sale(kept))
				if pos.MoneyOf(err) != pos.MoneyUnknown || r.text() != c.said || time.Since(begun) > c.within {
					t.Errorf("%v; said %s, in %s", err, r.text(), time.Since(begun))
				}
			})
		})
	}
}
