package hypercomsim_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/hypercomsim"
	"github.com/tillproof/tillproof/simulator/wire"
)

// each plays a script with each profile.
func each(t *testing.T, o hypercomsim.Options, script func(*lane)) {
	t.Helper()
	for _, p := range hypercomsim.Profiles() {
		t.Run(string(p), func(t *testing.T) {
			o := o
			o.Profile = p
			play(t, o, nil, script)
		})
	}
}

// tells says whether the terminal is asked for a transaction by the till's own name of it.
func (l *lane) tells() bool { return l.options["profile"] == "razer" }

func TestTheDriverMeetsEveryCourse(t *testing.T) {
	for name, c := range map[string]hypercomsim.Card{
		"the usual":               {},
		"contactless":             {Entry: "07"},
		"stripe":                  {Entry: "90", Scheme: "MASTERCARD"},
		"slow PIN":                {Do: hypercomsim.SlowPIN},
		"wallet":                  {Do: hypercomsim.Wallet},
		"junk":                    {Link: hypercomsim.Link{Junk: true}},
		"acknowledgement lost":    {Link: hypercomsim.Link{NoACK: true}},
		"glued":                   {Link: hypercomsim.Link{Glue: true}},
		"repeated":                {Link: hypercomsim.Link{Repeat: true}},
		"an older answer":         {Link: hypercomsim.Link{Stale: true}},
		"NAK once":                {Link: hypercomsim.Link{NAKs: 1}},
		"NAK twice":               {Link: hypercomsim.Link{NAKs: 2}},
		"damaged once":            {Link: hypercomsim.Link{Damaged: 1}},
		"damaged twice":           {Link: hypercomsim.Link{Damaged: 2}},
		"length without digits":   {Link: hypercomsim.Link{BadLength: 1}},
		"and again":               {Link: hypercomsim.Link{BadLength: 2}},
		"length beyond the body":  {Link: hypercomsim.Link{Overrun: "D4"}},
		"junk, glued and damaged": {Link: hypercomsim.Link{Junk: true, Glue: true, Damaged: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, hypercomsim.Options{}, func(l *lane) {
				l.sold(1023)
				l.pt.Next(c)
				out := l.sold(1023)
				if len(l.stored) != 1 || l.stored[0] != out.Result || out.Result.Amount != l.money(1023) ||
					out.Result.Trace != "000002" || out.Result.ReceiptNo != "000002" {
					t.Errorf("%+v, stored %+v", out, l.stored)
				}
				if n := l.counted(hypercomsim.Received, "20"); n != 2 || l.held() != 2046 {
					t.Errorf("%d sales, held %d", n, l.held())
				}
				l.sold(55)
				if n := l.counted(hypercomsim.Sent, "20") - l.counted(hypercomsim.Acknowledged, "20"); n != max(c.Link.Damaged, c.Link.BadLength) {
					t.Errorf("%d answers were not acknowledged", n)
				}
			})
		})
	}
}

func TestTheDriverMeetsEveryRefusal(t *testing.T) {
	for do, want := range map[hypercomsim.Do]drivers.Decision{hypercomsim.Decline: drivers.Declined, hypercomsim.Abort: drivers.Cancelled,
		hypercomsim.NoCard: drivers.Cancelled} {
		each(t, hypercomsim.Options{}, func(l *lane) {
			l.pt.Next(hypercomsim.Card{Do: do})
			out, err := l.sell(1023)
			if err != nil || out.Result.Decision != want || out.Result.Text == "" || len(l.stored) != 1 || l.held() != 0 {
				l.t.Errorf("%s: %+v, %v", do, out, err)
			}
		})
	}
	each(t, hypercomsim.Options{}, func(l *lane) {
		l.pt.Next(hypercomsim.Card{Do: hypercomsim.Refuse})
		_, err := l.sell(1023)
		l.wants(err, "terminal_refused")
		if l.sold(55); l.counted(hypercomsim.Received, "20") != 1 || l.held() != 55 {
			l.t.Errorf("held %d", l.held())
		}
	})
	playOn(t, hypercomsim.Options{NoLink: true}, nil, wire.Options{}, func(l *lane) {
		_, err := l.driver.Open(l.t.Context())
		l.wants(err, "device_unavailable")
	})
}

func TestTheDriverTakesSalesBack(t *testing.T) {
	each(t, hypercomsim.Options{}, func(l *lane) {
		first, second := l.sold(500), l.sold(700)
		void := func(amount pos.Minor, of drivers.Outcome) (drivers.Outcome, error) {
			return l.driver.Void(l.t.Context(), l.command(amount), drivers.Last{Trace: of.Result.Trace, ReceiptNo: of.Result.ReceiptNo})
		}
		if out, err := void(500, first); err != nil || out.Result.Decision != drivers.Approved || l.held() != 700 {
			l.t.Errorf("%+v, %v; held %d", out, err, l.held())
		}
		if out, err := void(500, first); err != nil || out.Result.Decision != drivers.Declined || !strings.Contains(out.Result.Text, "NO TRANSACTION") {
			l.t.Errorf("twice: %+v, %v", out, err)
		}
		if out, err := l.driver.Refund(l.t.Context(), l.command(23)); err != nil || out.Result.Decision != drivers.Approved || l.held() != 677 {
			l.t.Errorf("%+v, %v; held %d", out, err, l.held())
		}
		if totals, err := l.driver.Settle(l.t.Context(), func(drivers.Progress) {}, func(drivers.Totals) error { return nil }); err != nil || totals.Amount != 677 {
			l.t.Errorf("%+v, %v", totals, err)
		}
		if out, err := void(700, second); err != nil || out.Result.Decision != drivers.Declined {
			l.t.Errorf("after the day: %+v, %v", out, err)
		}
		_, err := l.driver.Void(l.t.Context(), l.command(500), drivers.Last{})
		l.wants(err, "not_supported")
	})
}

func TestADay(t *testing.T) {
	for _, o := range []hypercomsim.Options{{}, {WideTotals: true}, {Hosts: []string{"VISA/MC", "MYDEBIT"}}, {VoidedInSales: true},
		{Hosts: []string{"A", "B", "C"}, WideTotals: true}} {
		t.Run(fmt.Sprintf("%v, wide %v, voided %v", o.Hosts, o.WideTotals, o.VoidedInSales), func(t *testing.T) {
			var options map[string]string
			if o.VoidedInSales {
				options = map[string]string{"voided_sales": "counted"}
			}
			play(t, o, options, func(l *lane) { l.closes(len(o.Hosts)) })
		})
	}
}

// closes sells at each of the hosts and settles twice.
func (l *lane) closes(hosts int) {
	l.t.Helper()
	for i := range max(1, hosts) {
		l.pt.Next(hypercomsim.Card{Host: i})
		l.sold(1000)
	}
	back := l.sold(23)
	if _, err := l.driver.Void(l.t.Context(), l.command(23), drivers.Last{Trace: back.Result.Trace, ReceiptNo: back.Result.ReceiptNo}); err != nil {
		l.t.Fatal(err)
	}
	var told []drivers.Totals
	settle := func() (drivers.Totals, error) {
		return l.driver.Settle(l.t.Context(), func(drivers.Progress) {}, func(d drivers.Totals) error { told = append(told, d); return nil })
	}
	l.pt.NextEndOfDay(hypercomsim.Card{Do: hypercomsim.Decline})
	_, err := settle()
	l.wants(err, "terminal_refused")
	totals, err := settle()
	if want := pos.Minor(1000 * max(1, hosts)); err != nil || totals.Amount != want || len(told) != 1 ||
		len(totals.Brands) != max(1, hosts) || l.pt.Memory().Settlements[0].Amount != want {
		l.t.Errorf("%+v, %v; told %d times", totals, err, len(told))
	}
	if totals, err = settle(); err != nil || totals.Amount != 0 || len(totals.Brands) != 0 {
		l.t.Errorf("%+v, %v", totals, err)
	}
}

func TestTheCashierStops(t *testing.T) {
	for at, want := range map[time.Duration]drivers.Decision{5 * time.Second: drivers.Cancelled, 25 * time.Second: drivers.Approved} {
		play(t, hypercomsim.Options{}, nil, func(l *lane) {
			l.pt.Next(hypercomsim.Card{After: 40 * time.Second})
			sale := l.command(1023)
			wish := make(chan struct{})
			sale.Cancel = wish
			defer time.AfterFunc(at, func() { close(wish) }).Stop()
			out, err := l.driver.Sale(l.t.Context(), sale)
			if err != nil || out.Result.Decision != want || (l.held() == 1023) != (want == drivers.Approved) {
				t.Errorf("stopped after %v: %+v, %v; held %d", at, out, err, l.held())
			}
			if n := l.counted(hypercomsim.Stopped, ""); (n == 1) != (want == drivers.Cancelled) {
				t.Errorf("stopped %d times", n)
			}
		})
	}
}

// Neither a result nor an error holds what is nobody's business.
func TestNothingPersonalIsKept(t *testing.T) {
	personal := map[string]string{"31": "2812", "A1": "990101-14-5678", "A2": "TEST PERSON", "D5": "CARDHOLDER/TEST", "D7": "+60 12 345 6789",
		"D8": "someone@example.com",
		"T1": "B4111111111111111^CARDHOLDER/TEST^2812", "T2": "4111111111111111=2812", "T3": "4111111111111111=99"}
	each(t, hypercomsim.Options{Unmasked: true, Personal: personal}, func(l *lane) {
		out := l.sold(1023)
		all := fmt.Sprintf("%+v %+v", out, l.stored)
		for _, secret := range []string{"4111111111111111", "CARDHOLDER", "PERSON", "990101", "345 6789", "example.com", "2812"} {
			if strings.Contains(all, secret) {
				l.t.Errorf("%s in %s", secret, all)
			}
		}
		if out.Result.Last4 != "1111" || out.Result.Brand != "visa" || out.Result.Entry != "chip" {
			l.t.Errorf("%+v", out.Result)
		}
	})
}

func TestSplitAndGluedFrames(t *testing.T) {
	for _, damage := range []wire.Options{{Split: 1}, {Split: 7}, {Glue: 300 * time.Millisecond}, {Split: 3, Glue: 50 * time.Millisecond}} {
		playOn(t, hypercomsim.Options{Profile: hypercomsim.Ecuador}, nil, damage, func(l *lane) {
			l.open()
			for i := range pos.Minor(5) {
				l.sold(1000 + i)
			}
			time.Sleep(time.Second)
			synctest.Wait()
		})
	}
}
