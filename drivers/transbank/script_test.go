package transbank_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/drivertest"
	"github.com/tillproof/tillproof/drivers/stx"
	"github.com/tillproof/tillproof/drivers/transbank"
	"github.com/tillproof/tillproof/drivers/transbank/codec"
	"github.com/tillproof/tillproof/pos"
)

// far is a terminal of fixed answers: to each command, by its first four digits, it says these frames and bytes in turn. What has no
// answer is acknowledged; what stands as "" is not even that.
type far struct {
	answers map[string][]string
	conn    *drivertest.End
	heard   []string // payloads of the till
	acks    int      // of the till
	done    chan struct{}
}

// frame is a payload on the wire.
func frame(payload string) string { return string(codec.Rules().Frame([]byte(payload))) }

const ack = "\x06"

func (f *far) serve() {
	defer close(f.done)
	d := stx.Decoder{Rules: codec.Rules()}
	for b := make([]byte, 1); ; {
		if _, err := f.conn.Read(b); err != nil {
			return
		}
		for _, e := range d.Feed(b[0]) {
			if e.Kind == stx.GotFrame {
				f.answer(string(e.Payload))
			} else if e.Kind == stx.GotControl && e.Payload[0] == stx.ACK {
				f.acks++
			}
		}
	}
}

func (f *far) answer(payload string) {
	f.heard = append(f.heard, payload)
	queue, known := f.answers[payload[:4]]
	if !known {
		_, _ = f.conn.Write([]byte(ack))
		return
	}
	if len(queue) > 0 {
		_, _ = f.conn.Write([]byte(queue[0]))
		f.answers[payload[:4]] = queue[1:]
	}
}

// talk runs a test on a driver at such a terminal. "baseline" is none unless the options say otherwise.
func talk(t *testing.T, answers map[string][]string, options map[string]string, test func(d drivers.CardTerminal, f *far)) {
	t.Helper()
	if options == nil {
		options = map[string]string{}
	}
	if options["baseline"] == "" {
		options["baseline"] = "none"
	}
	synctest.Test(t, func(t *testing.T) {
		near, conn := drivertest.Wire()
		f := &far{answers: answers, conn: conn, done: make(chan struct{})}
		go f.serve()
		d, err := transbank.Driver().NewCardTerminal(near, drivers.Settings{Currency: "CLP", Options: options})
		if err != nil {
			t.Fatal(err)
		}
		test(d, f)
		_ = near.Close()
		<-f.done
	})
}

const ref = "order 1"

// ticket is that of ref.
func ticket() string { return drivers.Ticket(ref, 6) }

func pesos(n pos.Minor) pos.Money { return pos.Money{Amount: n, Currency: "CLP"} }

// sell makes a sale over 4990 pesos and returns what was stored.
func sell(d drivers.CardTerminal) (out drivers.Outcome, stored []drivers.Result, err error) {
	out, err = d.Sale(context.Background(), drivers.Sale{Amount: pesos(4990), Ref: ref, Progress: func(drivers.Progress) {},
		Commit: func(r drivers.Result) error { stored = append(stored, r); return nil }})
	synctest.Wait()
	return out, stored, err
}

// said is a result with ticket T and the usual other fields, after which come those that are given.
func said(fields string) string { return frame(strings.ReplaceAll(fields, "T", ticket())) }
