package transbank_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/drivertest"
	"github.com/tillproof/tillproof/drivers/transbank"
	"github.com/tillproof/tillproof/pos"
)

// FuzzTerminal lets a device say anything to every method. Nothing may panic or outlast its context, and no approval may come out without a stored result.
func FuzzTerminal(f *testing.F) {
	approval := frame("0210|00|597020000541|80000001|" + ticket() + "|1|4990|0|0|1111|5|CR|||VI|22112026|183005|||||")
	empty := frame("0261|00|597020000541|80000001|| |")
	f.Add([]byte(ack+empty+ack+ack+frame("0900|78")+approval), false)
	f.Add([]byte(ack+frame("0261|00|597020000541|80000001|"+ticket()+"|1|4990|1111|5|CR|||VI")+empty+ack+frame("1210|00|597020000541|80000001|1|5")), false)
	f.Add([]byte(ack+frame("0710|00|1|4990")+ack+ack+frame("0510|00|597020000541|80000001")), false)
	f.Add([]byte(ack+frame("0260|00|597020000541|80000001|"+ticket()+"|1|4990|1111|5|CR|||VI|22112026|183005|SLIP")+approval), true)
	f.Add([]byte("\x15\x15\x15\x02\x02\x030210|00"), false)
	f.Add([]byte(strings.Repeat(ack+frame("0260|11"), 3)), true)
	f.Fuzz(func(t *testing.T, says []byte, kiosk bool) {
		synctest.Test(t, func(t *testing.T) { torment(t, says, kiosk) })
	})
}

func torment(t *testing.T, says []byte, kiosk bool) {
	near, far := drivertest.Wire()
	defer near.Close()
	defer far.Close()
	options := map[string]string{"void_proof": "detail"}
	if kiosk {
		options = map[string]string{"profile": "self_service"}
	}
	d, err := transbank.Driver().NewCardTerminal(near, drivers.Settings{Currency: "CLP", Options: options})
	if err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	defer close(stop)
	go babble(far, says, stop)
	ctx, done := context.WithTimeout(context.Background(), time.Minute)
	defer done()
	begun := time.Now()
	_, err = d.Open(ctx)
	wantMoneyWord(t, err)
	for _, what := range []drivers.Transaction{drivers.SaleOf, drivers.VoidOf} {
		tormentMoney(ctx, t, d, what)
	}
	tormentTheRest(ctx, t, d)
	if took := time.Since(begun); took > 2*time.Minute {
		t.Errorf("took %v", took)
	}
}

func tormentMoney(ctx context.Context, t *testing.T, d drivers.CardTerminal, what drivers.Transaction) {
	var stored []drivers.Result
	command := drivers.Sale{Amount: pesos(4990), Ref: ref, Progress: func(drivers.Progress) {},
		Commit: func(r drivers.Result) error { stored = append(stored, r); return nil }}
	of := drivers.Last{Trace: "5", ReceiptNo: ticket()}
	var out drivers.Outcome
	var err error
	if what == drivers.VoidOf {
		out, err = d.Void(ctx, command, of)
	} else {
		out, err = d.Sale(ctx, command)
	}
	if err == nil && (len(stored) != 1 || stored[0] != out.Result || out.Result.Decision == drivers.Approved && out.Result.Code != "00") {
		t.Errorf("%+v; stored %+v", out, stored)
	}
	wantMoneyWord(t, err)
	r, err := d.Recover(ctx, drivers.Pending{What: what, Ref: ref, Of: of, Amount: pesos(4990), Before: of})
	wantMoneyWord(t, err)
	if err == nil && (r.Text == "" || r.Verdict == drivers.Charged && r.Result.Amount.Amount < 4990) {
		t.Errorf("%+v", r)
	}
}

func tormentTheRest(ctx context.Context, t *testing.T, d drivers.CardTerminal) {
	quiet, stored := func(drivers.Progress) {}, 0
	_, err := d.Settle(ctx, quiet, func(drivers.Totals) error { stored++; return nil })
	if wantMoneyWord(t, err); err == nil && stored != 1 {
		t.Errorf("totals stored %d times", stored)
	}
	if c, can := d.(drivers.Counter); can {
		_, err = c.Count(ctx, quiet)
		wantMoneyWord(t, err)
	}
	_, err = d.(drivers.Reprinter).Reprint(ctx, quiet)
	wantMoneyWord(t, err)
	for _, chore := range d.(drivers.Servicer).Chores() {
		_, err = d.(drivers.Servicer).Service(ctx, chore, quiet)
		wantMoneyWord(t, err)
	}
	_, err = d.Status(ctx)
	wantMoneyWord(t, err)
	wantMoneyWord(t, d.Close(ctx))
}

// wantMoneyWord wants every error to say what it means for the money.
func wantMoneyWord(t *testing.T, err error) {
	t.Helper()
	if known := (*pos.Error)(nil); err != nil && (!errors.As(err, &known) || known.Text == "" || known.Next == "") {
		t.Errorf("%v says nothing of the money", err)
	}
}

// babble says one byte a millisecond, again and again: what was said for one command stands there for the next.
func babble(wire drivers.Conn, says []byte, stop chan struct{}) {
	for i := 0; len(says) > 0 && i < 3000; i++ {
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
