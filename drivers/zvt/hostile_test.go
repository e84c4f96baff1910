package zvt

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/drivertest"
	"github.com/tillproof/tillproof/drivers/zvt/codec"
	"github.com/tillproof/tillproof/pos"
)

// FuzzTerminal lets a device say anything to every method. Nothing may panic or outlast its context, and no approval
// may come out without a stored result.
func FuzzTerminal(f *testing.F) {
	frames := func(apdus ...string) []byte {
		var all []byte
		for _, s := range apdus {
			all = append(append(all, codec.ACK), codec.Frame(plain(s))...)
		}
		return append(all, codec.ACK)
	}
	f.Add(frames(okay, idleStatus, okay, registered, okay, succeeds, completes), false)
	f.Add(frames(okay, succeeds, "06 D1 03 81 5A 5A", completes), false)
	f.Add(frames(okay, "04 FF 02 0A 99", "06 D3 11 06 0F 1F 07 01 02 25 09 07 02 48 69 09 01 FF 07 00", "06 1E 01 6C"), false)
	f.Add(frames(okay, dayTold, completes), false)
	f.Add(plain("80 00 00"+dayTold+"06 0F 00"), true)
	f.Add(frames(okay, "04 01 08 AA 26 11 22 0C 10 15 30", "06 D3 0D 06 0B 14 01 FE 25 06 07 04 5A C3 BC 67", completes), false)
	f.Add([]byte("\x15\x03\x69\x06\x03\x7A\x020810|00|\x03\x00\x05"), false)
	f.Add([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"), true)
	f.Add(frames("84 B4 00", okay, "04 0F 02 27 B4", "06 1E 01 B5"), false)
	f.Add(plain("80 00 00 04 0F FF FF FF 27 00 00"), true)
	f.Add(plain("80 00 00"+succeeds+completes+"06 D1 02 FF FF"), true)
	f.Add([]byte{codec.NAK, codec.NAK, codec.NAK, 0x10, 0x02, 0x10, 0x02, 0x10, 0x41}, false)
	f.Fuzz(func(t *testing.T, says []byte, stream bool) {
		synctest.Test(t, func(t *testing.T) { torment(t, says, stream) })
	})
}

func torment(t *testing.T, says []byte, stream bool) {
	till, far := drivertest.Wire()
	defer till.Close()
	defer far.Close()
	made, err := newTerminal(till, drivers.Settings{Currency: "EUR", Stream: stream})
	if err != nil {
		t.Fatal(err)
	}
	// One byte a millisecond, again and again: what was said for one command stands there for the next.
	stop := make(chan struct{})
	defer close(stop)
	go babble(far, says, stop)
	ctx, done := context.WithTimeout(context.Background(), time.Minute)
	defer done()
	begun := time.Now()
	_, _ = made.Open(ctx)
	made.(*terminal).registered = true
	for _, what := range []drivers.Transaction{drivers.SaleOf, drivers.VoidOf, drivers.RefundOf} {
		tormentMoney(ctx, t, made, what)
	}
	tormentDay(ctx, t, made)
	tormentLooks(ctx, t, made.(*terminal))
	_ = made.Close(ctx)
	if took := time.Since(begun); took > 2*time.Minute {
		t.Errorf("took %v", took)
	}
}

func tormentMoney(ctx context.Context, t *testing.T, made drivers.CardTerminal, what drivers.Transaction) {
	var stored []drivers.Result
	command := drivers.Sale{
		Amount: eur(1023), Progress: func(drivers.Progress) {}, Commit: func(r drivers.Result) error { stored = append(stored, r); return nil },
	}
	var out drivers.Outcome
	var err error
	switch what {
	case drivers.VoidOf:
		out, err = made.Void(ctx, command, drivers.Last{Trace: "000023", ReceiptNo: "0024"})
	case drivers.RefundOf:
		out, err = made.Refund(ctx, command)
	default:
		out, err = made.Sale(ctx, command)
	}
	if err == nil && (len(stored) == 0 || stored[len(stored)-1] != out.Result) {
		t.Errorf("%+v is not stored", out)
	}
	wantMoneyWord(t, err)
	_, _ = made.Recover(ctx, drivers.Pending{What: what, Amount: eur(1023)})
}

func tormentDay(ctx context.Context, t *testing.T, made drivers.CardTerminal) {
	var stored []drivers.Totals
	got, err := made.Settle(ctx, func(drivers.Progress) {}, func(d drivers.Totals) error { stored = append(stored, d); return nil })
	if err == nil && (len(stored) == 0 || stored[len(stored)-1].Amount != got.Amount) {
		t.Errorf("%+v is not stored", got)
	}
	wantMoneyWord(t, err)
}

// tormentLooks asks for everything that moves no money.
func tormentLooks(ctx context.Context, t *testing.T, made *terminal) {
	quiet := func(drivers.Progress) {}
	_, counted := made.Count(ctx, quiet)
	_, copied := made.Reprint(ctx, quiet)
	errs := []error{counted, copied}
	for _, chore := range made.Chores() {
		_, err := made.Service(ctx, chore, quiet)
		errs = append(errs, err)
	}
	for _, err := range errs {
		if wantMoneyWord(t, err); err != nil && pos.MoneyOf(err) != pos.NoneMoved {
			t.Errorf("a command that moves nothing fails with %v", err)
		}
	}
}

// wantMoneyWord wants every error to say what it means for the money.
func wantMoneyWord(t *testing.T, err error) {
	var known *pos.Error
	if err != nil && !errors.As(err, &known) {
		t.Errorf("%v says nothing of the money", err)
	}
}

func babble(wire drivers.Conn, says []byte, stop chan struct{}) {
	for i := 0; len(says) > 0 && i < 2000; i++ {
		select {
		case <-stop:
			return
		case <-time.After(time.Millisecond):
		}
		if _, err := wire.Write(says[i%len(says) : i%len(says)+1]); err != nil {
			return
		}
	}
}
