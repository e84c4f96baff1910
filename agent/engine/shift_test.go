package engine_test

import (
	"slices"
	"testing"
	"time"

	"github.com/tillproof/tillproof/agent/engine"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/zvtsim"
	"github.com/tillproof/tillproof/store/record"
)

func TestTheReportsOfAShift(t *testing.T) {
	inShop(t, func(s *shop) {
		s.pay(s.cash(900)) // before any shift: the first report counts it
		s.openShift(5000)
		cash := s.pay(s.cash(1000))
		s.devices[0].pt.Next(zvtsim.Card{Tip: 150})
		voided := s.pay(s.card(1250))
		s.devices[0].pt.Next(zvtsim.Card{Do: zvtsim.OfflineApprove})
		s.pay(s.card(300))
		s.devices[0].pt.Next(zvtsim.Card{Do: zvtsim.Decline})
		s.pay(s.card(4000))
		s.pay(s.card(700))
		if _, _, err := s.engine.Refund(cash.Intent.Payment, engine.RefundRequest{Key: "r", Amount: minor(400)}); err != nil {
			t.Fatal(err)
		}
		x := s.current()
		s.counts(x.Report, record.SumSales, pos.Card, 3, 2400)
		s.counts(x.Report, record.SumTips, pos.Card, 1, 150)
		if _, _, err := s.engine.Void(voided.Intent.Payment, "v", ""); err != nil {
			t.Fatal(err)
		}
		s.ended(voided.Intent.Payment)
		z := s.closeShift(6600)
		s.counts(z.Report, record.SumSales, pos.Cash, 2, 1900)
		s.counts(z.Report, record.SumRefunds, pos.Cash, 1, 400)
		s.counts(z.Report, record.SumTaken, pos.Cash, 2, 1500)
		s.counts(z.Report, record.SumVoids, pos.Card, 1, 1400)
		s.counts(z.Report, record.SumTaken, pos.Card, 2, 1000)
		s.counts(z.Report, record.SumApprovedOffline, pos.Card, 1, 300)
		if z.Expected != 6500 || z.Closed.Counted != 6600 || len(z.Report.Unknown) != 0 {
			t.Errorf("expected %d in the drawer, counted %d, unknown %v", z.Expected, z.Closed.Counted, z.Report.Unknown)
		}
		if z.Report.Records == 0 || !z.Report.After.IsZero() || z.Report.Through.Compare(record.Place{Epoch: s.journal.Head().Epoch, Seq: s.journal.Head().Seq}) >= 0 {
			t.Errorf("%+v", z.Report)
		}
	}, zvtsim.Options{})
}

func TestWhatIsSoldWithoutAShiftCountsInTheNext(t *testing.T) {
	inShop(t, func(s *shop) {
		s.openShift(0)
		s.pay(s.cash(100))
		first := s.closeShift(100)
		s.pay(s.cash(20))
		second := s.openShift(100)
		s.pay(s.cash(3))
		z := s.closeShift(123)
		s.counts(z.Report, record.SumSales, pos.Cash, 2, 23)
		if z.Expected != 123 || second.Opened.Number != 2 || z.Report.After != first.Report.Through {
			t.Errorf("%+v", z)
		}
		list, err := s.engine.Shifts(10)
		if err != nil || len(list) != 2 || list[0].Opened.ID != second.Opened.ID || list[1].Opened.ID != first.Opened.ID {
			t.Errorf("%+v, %v", list, err)
		}
		if one, err := s.engine.Shifts(1); err != nil || len(one) != 1 {
			t.Errorf("%d, %v", len(one), err)
		}
		if got, err := s.engine.Shift(first.Opened.ID); err != nil || got.Report.Through != first.Report.Through {
			t.Errorf("%+v, %v", got, err)
		}
		if _, err := s.engine.CurrentShift(); codeOf(err) != "not_found" {
			t.Error(err)
		}
	})
}

func TestAShiftSurvivesARestart(t *testing.T) {
	inShop(t, func(s *shop) {
		opened := s.openShift(1000)
		s.pay(s.cash(250))
		before := s.current()
		s.restart()
		after := s.current()
		if after.Opened != opened.Opened || after.OpenedAt != opened.OpenedAt || after.Expected != before.Expected || !slices.Equal(after.Report.Sums, before.Report.Sums) {
			t.Errorf("%+v, before %+v", after, before)
		}
		if p := s.pay(s.cash(50)); p.Intent.Cashier != "anna" {
			t.Errorf("the cashier of the payment is %q", p.Intent.Cashier)
		}
		s.rebuilt()
		if z := s.closeShift(1300); z.Expected != 1300 || z.Closed.Counted != 1300 {
			t.Errorf("%+v", z)
		}
	})
}

func TestTheSameCloseAgainGivesTheSameReport(t *testing.T) {
	inShop(t, func(s *shop) {
		opened := s.openShift(0)
		s.pay(s.cash(100))
		first := s.closeShift(90)
		for range 2 {
			head := s.journal.Head()
			again := s.closeShift(90)
			if again.ClosedAt != first.ClosedAt || again.Closed.Counted != 90 || s.journal.Head() != head {
				t.Errorf("%+v, first %+v", again, first)
			}
			s.restart()
		}
		if _, err := s.engine.CloseShift(engine.ShiftClose{PIN: "1470", Counted: 100}); codeOf(err) != "shift_closed" || pos.MoneyOf(err) != pos.NoneMoved {
			t.Errorf("another count: %v", err)
		}
		s.openShift(90)
		named := engine.ShiftClose{ID: opened.Opened.ID, PIN: "1470", Counted: 90}
		if again, err := s.engine.CloseShift(named); err != nil || again.Opened.ID != opened.Opened.ID {
			t.Errorf("%+v, %v", again, err)
		}
		if x := s.current(); x.Opened.Number != 2 {
			t.Error("a late repetition has closed the next shift")
		}
		named.Counted = 1
		if _, err := s.engine.CloseShift(named); codeOf(err) != "shift_closed" {
			t.Error(err)
		}
		named.ID = pos.UUID{1}
		if _, err := s.engine.CloseShift(named); codeOf(err) != "not_found" {
			t.Error(err)
		}
	})
}

func TestOpeningTwice(t *testing.T) {
	inShop(t, func(s *shop) {
		opened := s.openShift(500)
		same := engine.ShiftRequest{Cashier: "anna", PIN: "1470", Float: 500}
		if again, created, err := s.engine.OpenShift(same); err != nil || created || again.Opened != opened.Opened {
			t.Errorf("%+v, %v, %v", again, created, err)
		}
		same.Float = 600
		if _, _, err := s.engine.OpenShift(same); codeOf(err) != "shift_open" {
			t.Error(err)
		}
	})
}

func TestPINsOfAShift(t *testing.T) {
	inShop(t, func(s *shop) {
		for want, r := range map[pos.ErrorCode]engine.ShiftRequest{
			"pin_wrong":       {Cashier: "anna", PIN: "0000"},
			"request_invalid": {Cashier: "Anna Müller", PIN: "1470"},
			"amount_invalid":  {Cashier: "anna", PIN: "1470", Float: -1},
		} {
			if _, _, err := s.engine.OpenShift(r); codeOf(err) != want || pos.MoneyOf(err) != pos.NoneMoved {
				t.Errorf("%v, want %s", err, want)
			}
		}
		if _, _, err := s.engine.OpenShift(engine.ShiftRequest{Cashier: "anna", PIN: "1470", Date: "29.3.2026"}); codeOf(err) != "request_invalid" {
			t.Error(err)
		}
		if _, _, err := s.engine.OpenShift(engine.ShiftRequest{Cashier: "boss", PIN: "2580"}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.engine.CloseShift(engine.ShiftClose{Cashier: "anna", PIN: "1470"}); codeOf(err) != "not_permitted" {
			t.Errorf("a cashier closes the shift of somebody else: %v", err)
		}
		if _, err := s.engine.CloseShift(engine.ShiftClose{PIN: "1470"}); codeOf(err) != "pin_wrong" {
			t.Error(err)
		}
		if z, err := s.engine.CloseShift(engine.ShiftClose{PIN: "2580"}); err != nil || z.Closed.Cashier != "boss" {
			t.Errorf("%+v, %v", z, err)
		}
		s.openShift(0)
		if z, err := s.engine.CloseShift(engine.ShiftClose{Cashier: "boss", PIN: "2580"}); err != nil || z.Closed.Cashier != "boss" || z.Opened.Cashier != "anna" {
			t.Errorf("a supervisor closes: %+v, %v", z, err)
		}
	})
}

// Law 11: the business date is fixed when the shift opens, in the shop's zone; midnight does not touch it.
func TestTheBusinessDateComesFromTheOpening(t *testing.T) {
	for _, c := range []struct{ zone, opened, closed, want string }{
		{"UTC", "2000-01-04T18:00:00Z", "2000-01-05T02:00:00Z", "2000-01-04"},
		{"Europe/Berlin", "2000-01-04T22:30:00Z", "2000-01-05T06:00:00Z", "2000-01-04"},
		{"Europe/Berlin", "2000-01-04T23:30:00Z", "2000-01-05T06:00:00Z", "2000-01-05"},
		{"America/New_York", "2000-01-05T01:00:00Z", "2000-01-05T06:00:00Z", "2000-01-04"},
		{"Asia/Shanghai", "2000-01-04T17:00:00Z", "2000-01-04T20:00:00Z", "2000-01-05"},
	} {
		t.Run(c.zone+" "+c.opened, func(t *testing.T) {
			zone, err := time.LoadLocation(c.zone)
			if err != nil {
				t.Skip(err)
			}
			inShop(t, func(s *shop) {
				s.zone = zone
				s.crash()
				s.start()
				clock(t, c.opened)
				s.openShift(0)
				s.pay(s.cash(100))
				clock(t, c.closed)
				s.restart()
				s.pay(s.cash(10))
				z := s.closeShift(110)
				s.counts(z.Report, record.SumSales, pos.Cash, 2, 110)
				if z.Opened.Date != c.want {
					t.Errorf("business date %s, want %s", z.Opened.Date, c.want)
				}
			})
		})
	}
}

// clock lets virtual time pass until a moment.
func clock(t *testing.T, until string) {
	t.Helper()
	at, err := time.Parse(time.RFC3339, until)
	if err != nil {
		t.Fatal(err)
	}
	<-time.After(time.Until(at))
}

func TestAPendingPaymentKeepsTheShiftOpen(t *testing.T) {
	inShop(t, func(s *shop) {
		s.openShift(0)
		s.devices[0].pt.Next(zvtsim.Card{Do: zvtsim.SlowPIN})
		p := s.begin(s.card(1250))
		_, err := s.engine.CloseShift(engine.ShiftClose{PIN: "1470"})
		if codeOf(err) != "shift_pending" || pos.MoneyOf(err) != pos.NoneMoved {
			t.Errorf("%v", err)
		}
		s.status(s.outcome(p.Intent.Payment), pos.Approved)
		s.counts(s.closeShift(0).Report, record.SumSales, pos.Card, 1, 1250)
	}, zvtsim.Options{})
}

// An unknown payment stops no shift. It is named, and counts in the report of the shift in which it turns out to be paid.
func TestAnUnknownPaymentIsNamedAndCountsWhenItIsKnown(t *testing.T) {
	inShop(t, func(s *shop) {
		c := s.devices[0]
		s.openShift(0)
		s.pay(s.card(100))
		c.cutAt(zvtsim.Final, "")
		p := s.outcome(s.begin(s.card(1250)).Intent.Payment)
		s.status(p, pos.Unknown)
		_ = c.lost()
		z := s.closeShift(0)
		s.counts(z.Report, record.SumSales, pos.Card, 1, 100)
		s.counts(z.Report, record.SumUnknown, pos.Card, 1, 1250)
		if !slices.Equal(z.Report.Unknown, []pos.PaymentID{p.Intent.Payment}) || z.Report.Open != 1 {
			t.Errorf("%+v", z.Report)
		}
		s.openShift(0)
		c.plug()
		s.status(s.settled(p.Intent.Payment), pos.Approved)
		z = s.closeShift(0)
		s.counts(z.Report, record.SumSales, pos.Card, 1, 1250)
		if len(z.Report.Unknown) != 0 {
			t.Errorf("%v", z.Report.Unknown)
		}
	}, zvtsim.Options{})
}

// Law 7: a QR that was shown offline is neither sold nor forgotten. It keeps no shift open, and is counted apart until the platform can tell.
func TestAQRShownOfflineIsCountedApart(t *testing.T) {
	online(t, func(s *shop, c *centre) {
		s.openShift(0)
		c.set(func() { c.away = true })
		shown := s.begin(s.qr(300, "epc"))
		z := s.closeShift(0)
		s.counts(z.Report, record.SumPresented, pos.QR, 1, 300)
		s.counts(z.Report, record.SumSales, pos.QR, 0, 0)
		c.set(func() { c.away = false })
		s.openShift(0)
		if _, err := s.engine.CloseShift(engine.ShiftClose{PIN: "1470"}); codeOf(err) != "shift_pending" {
			t.Errorf("a customer may be paying: %v", err)
		}
		<-time.After(3 * time.Minute)
		s.counts(s.closeShift(0).Report, record.SumPresented, pos.QR, 1, 300)
		s.status(s.payment(shown.Intent.Payment), pos.Pending)
	})
}
