package transbanksim_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/drivertest"
	"github.com/tillproof/tillproof/drivers/stx"
	"github.com/tillproof/tillproof/drivers/transbank/codec"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/transbanksim"
)

func TestTheDriverMeetsEveryCourse(t *testing.T) {
	type card = transbanksim.Card
	type link = transbanksim.Link
	for name, c := range map[string]struct {
		card card
		want string // decision, or the error's code
	}{
		"well":                         {card{}, "approved"},
		"slow":                         {card{After: 10 * time.Minute}, "approved"},
		"declined":                     {card{Do: transbanksim.Decline}, "declined"},
		"host silent":                  {card{Do: transbanksim.Decline, Code: "02"}, "declined"},
		"cancelled":                    {card{Do: transbanksim.Abort}, "cancelled"},
		"nobody there":                 {card{Do: transbanksim.Wait}, "cancelled"},
		"debit":                        {card{Debit: true, Last4: "6623"}, "approved"},
		"acknowledgement after 1.9 s":  {card{Link: link{AckAfter: 1900 * time.Millisecond}}, "approved"},
		"acknowledgement after 2.1 s":  {card{Link: link{AckAfter: 2100 * time.Millisecond}}, "approved"},
		"acknowledgement after 5 s":    {card{Link: link{AckAfter: 5 * time.Second}}, "outcome_unknown"},
		"NAK once":                     {card{Link: link{NAKs: 1}}, "approved"},
		"NAK twice":                    {card{Link: link{NAKs: 2}}, "approved"},
		"NAK thrice":                   {card{Link: link{NAKs: 3}}, "device_unavailable"},
		"refused":                      {card{Do: transbanksim.Refuse}, "device_unavailable"},
		"acknowledgement lost":         {card{Link: link{LoseAck: true}}, "approved"},
		"acknowledgement lost, silent": {card{Link: link{LoseAck: true, Silent: true}}, "outcome_unknown"},
		"glued":                        {card{Link: link{Glue: true}}, "approved"},
		"split":                        {card{Link: link{Split: true}}, "approved"},
		"damaged once":                 {card{Link: link{Damaged: 1}}, "approved"},
		"damaged twice":                {card{Link: link{Damaged: 2}}, "approved"},
		"damaged always":               {card{Link: link{Damaged: 3}}, "outcome_unknown"},
		"repeated":                     {card{Link: link{Repeat: 2}}, "approved"},
		"progress with a final bar":    {card{}, "approved"},
		"progress without one":         {card{Link: link{Bare: true, Split: true}}, "approved"},
		"silence":                      {card{Link: link{Silent: true}}, "outcome_unknown"},
	} {
		for _, o := range []transbanksim.Options{{}, {Plain: true}} {
			t.Run(fmt.Sprintf("%s plain=%v", name, o.Plain), func(t *testing.T) {
				inLane(t, o, nil, func(l *lane) {
					l.sells(500)
					l.pt.Next(c.card)
					commands := l.commands
					begun := time.Now()
					out, err := l.sell(4990)
					if l.commands > commands+1 {
						t.Errorf("%d money commands", l.commands-commands)
					}
					l.check(out, err, c.want, begun)
				})
			})
		}
	}
}

// check compares an end of a sale over 4990, asking for it where it is unknown, with what the terminal holds, and sells once more.
func (l *lane) check(out drivers.Outcome, err error, want string, begun time.Time) {
	l.t.Helper()
	got := string(out.Result.Decision)
	if known := (*pos.Error)(nil); errors.As(err, &known) {
		got = string(known.Code)
	}
	paid := got == "approved"
	if got != want {
		l.t.Errorf("%+v, %v; want %s", out, err, want)
	}
	if took := time.Since(begun); got == "device_unavailable" && took > 8*time.Second {
		l.t.Errorf("refused after %v", took)
	}
	if got == "outcome_unknown" {
		l.again()
		r := l.asks(4990)
		if r.Verdict == drivers.Undecided {
			l.t.Error(r.Text)
		}
		paid = r.Verdict == drivers.Charged
	}
	if (l.held() == 5490) != paid || !paid && l.held() != 500 {
		l.t.Errorf("the terminal holds %d, the till believes %v", l.held(), paid)
	}
	l.sells(50)
}

func TestProgressIsTold(t *testing.T) {
	for _, bare := range []bool{false, true} {
		inLane(t, transbanksim.Options{}, nil, func(l *lane) {
			l.pt.Next(transbanksim.Card{Link: transbanksim.Link{Bare: bare}})
			l.sells(4990)
			if got := strings.Join(l.progress, " "); got != "78 79 80 81 82" {
				t.Error(got)
			}
		})
	}
	inLane(t, transbanksim.Options{}, map[string]string{"progress": "no"}, func(l *lane) {
		if l.sells(4990); len(l.progress) != 0 {
			t.Error(l.progress)
		}
	})
}

// TestEveryCheckByteIsToldAndTaken sells until each check byte that is a control byte too has gone in both directions. Tickets and
// amounts are drawn so that the till's own are there soon; those of the terminal come as they come.
func TestEveryCheckByteIsToldAndTaken(t *testing.T) {
	inLane(t, transbanksim.Options{}, map[string]string{"progress": "no", "baseline": "none"}, func(l *lane) {
		asked, told, sum := map[byte]bool{}, map[byte]bool{}, pos.Minor(0)
		for wanted := []byte{0x00, stx.STX, stx.ETX, stx.ACK, stx.NAK}; len(wanted) > 0; {
			amount := []pos.Minor{4990, 14990}[l.sales%2]
			next := fmt.Sprintf("payment %d", l.sales+1)
			asked[codec.Rules().Check(fmt.Appendf(nil, "0200|%d|%s|||0|", amount, drivers.Ticket(next, 6)))] = true
			l.sells(amount)
			sum += amount
			l.heard(func(said []byte) int { told[said[len(said)-1]] = true; return 0 })
			for len(wanted) > 0 && asked[wanted[0]] && told[wanted[0]] {
				wanted = wanted[1:]
			}
			if l.sales > 3000 {
				t.Errorf("missing % x; asked %v, told %v", wanted, asked, told)
				break
			}
		}
		if got := l.held(); got != sum {
			t.Errorf("%d sales came to %d, not %d", l.sales, got, sum)
		}
	})
}

// TestAResultIsRepeatedTwice is a till that says nothing: the result comes three times, ten seconds apart, and then the terminal is free.
func TestAResultIsRepeatedTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pt, err := transbanksim.New(transbanksim.Options{})
		if err != nil {
			t.Fatal(err)
		}
		near, far := drivertest.Wire()
		served := make(chan struct{})
		go func() { defer close(served); _ = pt.Serve(context.Background(), far) }()
		till := &raw{t: t, conn: near}
		till.says("0200|000004990|K7Q2M9|||0")
		till.expects("ACK")
		for range 3 {
			begun := time.Now()
			till.expects("0210|00|597020000541|80000001|K7Q2M9|007919|000004990|0|000000000|1111|000001|CR|||VI|01012000|000000||000000000|")
			if took := time.Since(begun); took > 10*time.Second {
				t.Error(took)
			}
		}
		time.Sleep(10 * time.Second)
		till.says("0100")
		till.expects("ACK")
		till.says("0999")
		till.expects("NAK")
		_, _ = near.Write([]byte("\x020100\x03\x00")) // a wrong check
		till.expects("NAK")
		_ = near.Close()
		<-served
		_ = pt.Close()
	})
}

// raw is a till at the byte level.
type raw struct {
	t       *testing.T
	conn    *drivertest.End
	decoder stx.Decoder
	got     []string
}

func (r *raw) says(payload string) { _, _ = r.conn.Write(codec.Rules().Frame([]byte(payload))) }

// expects waits for a control byte or the begin of a payload.
func (r *raw) expects(want string) {
	r.t.Helper()
	r.decoder.Rules = codec.Rules()
	_ = r.conn.SetReadDeadline(time.Now().Add(time.Minute))
	for b := make([]byte, 1); len(r.got) == 0; {
		if _, err := r.conn.Read(b); err != nil {
			r.t.Fatalf("want %s: %v", want, err)
		}
		for _, e := range r.decoder.Feed(b[0]) {
			r.got = append(r.got, map[byte]string{stx.ACK: "ACK", stx.NAK: "NAK"}[e.Payload[0]]+strings.Trim(string(e.Payload), "\x06\x15"))
		}
	}
	if got := r.got[0]; !strings.HasPrefix(got, want) {
		r.t.Errorf("%s\nwant %s", got, want)
	}
	r.got = r.got[1:]
}

func TestListsOfEveryLength(t *testing.T) {
	for _, n := range []int{0, 1, 40} {
		for _, plain := range []bool{false, true} {
			inLane(t, transbanksim.Options{Plain: plain}, nil, func(l *lane) {
				var last drivers.Result
				for range n {
					last = l.sells(pos.Minor(1000))
				}
				l.again()
				if l.last != (drivers.Last{Trace: last.Trace, ReceiptNo: last.ReceiptNo}) {
					t.Errorf("%d sales: last %+v, want %s %s", n, l.last, last.Trace, last.ReceiptNo)
				}
				if got := l.pt.Memory().Vouchers; got != 0 {
					t.Errorf("%d copies printed by opening", got)
				}
			})
		}
	}
}

func TestACloseIsRequired(t *testing.T) {
	inLane(t, transbanksim.Options{}, nil, func(l *lane) {
		l.sells(1000)
		if err := l.pt.Require(true, false); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			out, err := l.sell(4990)
			if err != nil || out.Result.Decision != drivers.Declined || out.Result.Code != "13" || !strings.Contains(out.Result.Text, "close the day") {
				t.Errorf("%+v, %v", out, err)
			}
		}
		totals, err := l.driver.Settle(context.Background(), func(drivers.Progress) {}, func(drivers.Totals) error { return nil })
		if err != nil || totals.Amount != 1000 || !totals.Emptied || len(totals.Brands) != 1 || totals.Brands[0].Count != 1 {
			t.Errorf("%+v, %v", totals, err)
		}
		l.sells(4990)
		if err := l.pt.Require(false, true); err != nil {
			t.Fatal(err)
		}
		if out, err := l.sell(4990); err != nil || out.Result.Code != "26" || !strings.Contains(out.Result.Text, "load_keys") {
			t.Errorf("%+v, %v", out, err)
		}
		if text, err := l.driver.(drivers.Servicer).Service(context.Background(), drivers.LoadKeys, func(drivers.Progress) {}); err != nil || text == "" {
			t.Error(text, err)
		}
		l.sells(4990)
	})
}

func TestSilenceThenTheLastSale(t *testing.T) {
	silent := transbanksim.Link{Silent: true}
	for _, c := range []struct {
		name  string
		first bool
		do    transbanksim.Do
		want  drivers.Verdict
		text  string
	}{
		{"this sale", false, transbanksim.Approve, drivers.Charged, "operation 000002"},
		{"the one before", false, transbanksim.Decline, drivers.NotCharged, "still operation 000001"},
		{"no sale", true, transbanksim.Decline, drivers.NotCharged, "none now"},
	} {
		t.Run(c.name, func(t *testing.T) {
			inLane(t, transbanksim.Options{}, nil, func(l *lane) {
				if !c.first {
					l.sells(4990)
				}
				l.pt.Next(transbanksim.Card{Do: c.do, Link: silent})
				begun := time.Now()
				if _, err := l.sell(4990); pos.MoneyOf(err) != pos.MoneyUnknown {
					t.Errorf("%v", err)
				}
				if took := time.Since(begun); took < 180*time.Second || took > 182*time.Second {
					t.Errorf("given up after %v", took)
				}
				r := l.asks(4990) // on the same wire
				if r.Verdict != c.want || !strings.Contains(r.Text, c.text) {
					t.Errorf("%+v", r)
				}
				l.again()
				if again := l.asks(4990); again.Verdict != r.Verdict {
					t.Errorf("on a new wire %+v", again)
				}
			})
		})
	}
}

// TestTheVoucherOfASubMerchant comes with the answer to 0280 where it is asked for.
func TestTheVoucherOfASubMerchant(t *testing.T) {
	inLane(t, transbanksim.Options{}, map[string]string{"commerce": "597020000999"}, func(l *lane) {
		l.sells(4990)
		till := &raw{t: t, conn: l.near}
		for asked, want := range map[string]string{"0280|0": "|000000000||", "0280|1|": "|000000000|COMPROBANTE DE VENTA"} {
			till.says(asked)
			till.expects("ACK")
			till.expects("0281|00|")
			_, _ = l.near.Write([]byte{stx.ACK})
			if l.heard(func(said []byte) int { return strings.LastIndex(string(said), want) }) < 0 {
				t.Errorf("%s: no %q", asked, want)
			}
		}
	})
}
