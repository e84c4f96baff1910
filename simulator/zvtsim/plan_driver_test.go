package zvtsim_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/zvt/codec"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/wire"
	"github.com/tillproof/tillproof/simulator/zvtsim"
)

// outcome sells and notes what is shown.
func (l *lane) outcome(amount pos.Money, shown *[]string) (drivers.Outcome, error) {
	return l.driver.Sale(context.Background(), drivers.Sale{Amount: amount, Commit: func(drivers.Result) error { return nil },
		Progress: func(p drivers.Progress) { *shown = append(*shown, p.Text) }})
}

func TestS1ProgressTextAndContactless(t *testing.T) {
	for _, contactless := range []bool{false, true} {
		inLane(t, zvtsim.Options{}, func(l *lane) {
			defer l.unplug()
			var shown []string
			l.pt.Next(zvtsim.Card{Contactless: contactless, Tip: 77})
			out, err := l.outcome(euros(1023), &shown)
			entry := map[bool]string{false: "chip", true: "contactless"}[contactless]
			if err != nil || out.Result.Entry != entry || out.Result.Tip != 77 || out.Result.Amount != euros(1100) || l.held() != 1600 {
				t.Errorf("%+v, %v", out.Result, err)
			}
			if !slices.Equal(shown, []string{"insert card", "Bitte warten"}) || len(out.Receipts) != 2 {
				t.Errorf("shown %q, %d receipts", shown, len(out.Receipts))
			}
			if text := strings.Join(out.Receipts[0].Lines, "\n"); strings.Contains(text, "Kontaktlos") != contactless {
				t.Errorf("the receipt says\n%s", text)
			}
		})
	}
}

func TestS2RepeatReverseRepeat(t *testing.T) {
	inLane(t, zvtsim.Options{}, func(l *lane) {
		defer l.unplug()
		var shown []string
		sold, err := l.outcome(euros(1023), &shown)
		if err != nil {
			t.Fatal(err)
		}
		l.wantCopy("Kartenzahlung", sold.Result.Trace)
		back, err := l.driver.Void(context.Background(), drivers.Sale{Amount: euros(1023), Progress: func(drivers.Progress) {},
			Commit: func(drivers.Result) error { return nil }}, drivers.Last{Trace: sold.Result.Trace, ReceiptNo: sold.Result.ReceiptNo})
		if err != nil || l.held() != 500 {
			t.Fatalf("%+v, %v", back, err)
		}
		l.wantCopy("Storno", back.Result.Trace)
	})
}

// wantCopy has the last receipt printed again.
func (l *lane) wantCopy(title, trace string) {
	l.t.Helper()
	slips, err := l.driver.(drivers.Reprinter).Reprint(context.Background(), func(drivers.Progress) {})
	if err != nil || len(slips) != 2 || slips[0].Lines[0] != title || !slices.Contains(slips[0].Lines, "Trace-Nr. "+trace) {
		l.t.Errorf("%+v, %v; want %s of trace %s", slips, err, title, trace)
	}
}

// TestS3AmountsAndCRCsThatContainControlBytesPassOverSerialFraming sells amounts whose digits, and amounts whose command's CRC, hold bytes of the framing.
func TestS3AmountsAndCRCsThatContainControlBytesPassOverSerialFraming(t *testing.T) {
	amounts := []pos.Minor{10, 2, 3, 6, 15, 101010, 20202, 30303, 60606, 10_020_306_15, 10_101_010_1010}
	for _, control := range []byte{0x10, 0x02, 0x03, 0x06, 0x15} {
		for place := range 2 {
			amounts = append(amounts, amountWithCRC(t, control, place))
		}
	}
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		l := newLane(t, dir, zvtsim.Options{})
		defer l.pt.Close()
		l.open()
		for _, minor := range amounts {
			if out, err := l.outcome(euros(minor), new([]string)); err != nil || out.Result.Amount != euros(minor) {
				t.Errorf("%d: %+v, %v", minor, out.Result, err)
			}
		}
		total := pos.Minor(0)
		for _, minor := range amounts {
			total += minor
		}
		if l.held() != total {
			t.Errorf("the terminal holds %d, the till sold %d", l.held(), total)
		}
		l.unplug()
	})
}

// amountWithCRC searches a payment command of the driver whose CRC has a byte in a place.
func amountWithCRC(t *testing.T, control byte, place int) pos.Minor {
	t.Helper()
	for minor := uint64(1); minor < 10_000; minor++ {
		a, err := codec.Build(0x06, 0x01).Number(codec.Amount, minor).Number(codec.CurrencyCode, 978).Field(codec.PaymentType, 0x40).APDU()
		if err != nil {
			t.Fatal(err)
		}
		plain, err := a.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		if f := codec.Frame(plain); f[len(f)-2+place] == control {
			return pos.Minor(minor)
		}
	}
	t.Fatalf("no amount gives a CRC with %02x", control)
	return 0
}

// TestS7LineCutDuringThePIN is given up after T4, with a wish to stop, and the next wire sells again.
func TestS7LineCutDuringThePIN(t *testing.T) {
	for _, stream := range []bool{false, true} {
		inLane(t, zvtsim.Options{Stream: stream}, func(l *lane) {
			l.pt.Next(zvtsim.Card{Do: zvtsim.PINTimeout, After: time.Minute})
			faulty, begun := l.faulty, time.Now()
			cut := time.AfterFunc(10*time.Second, func() {
				for _, way := range []wire.Direction{wire.In, wire.Out} {
					faulty.Add(wire.Fault{Kind: wire.Silence, Direction: way, At: faulty.Offset(way)})
				}
			})
			defer cut.Stop()
			_, err := l.outcome(euros(1023), new([]string))
			if took := time.Since(begun); pos.MoneyOf(err) != pos.MoneyUnknown || took < 180*time.Second || took > 183*time.Second {
				t.Errorf("%v after %v", err, took)
			}
			l.unplug()
			l.plug(wire.Options{})
			r := l.recover(drivers.Pending{Amount: euros(1023), Before: l.last})
			if r.Verdict != drivers.NotCharged || l.held() != 500 {
				t.Errorf("%+v; the terminal holds %d", r, l.held())
			}
			l.agree(euros(7))
		})
	}
}

// TestS9LineCutAroundTheResult is dumb for 5 s when the result leaves: the terminal repeats its frame, and the sale is approved once.
func TestS9LineCutAroundTheResult(t *testing.T) {
	for _, ways := range [][]wire.Direction{{wire.Out}, {wire.In}} {
		inLane(t, zvtsim.Options{}, func(l *lane) {
			defer l.unplug()
			faulty, cut := l.faulty, atomic.Bool{}
			l.pt.Observe(func(e zvtsim.Event) {
				if e.Moment == zvtsim.Sending && e.Command == "04 0f" && !cut.Swap(true) {
					for _, way := range ways {
						faulty.Add(wire.Fault{Kind: wire.Silence, Direction: way, At: faulty.Offset(way), Wait: 4900 * time.Millisecond})
					}
				}
			})
			commits := 0
			out, err := l.driver.Sale(context.Background(), drivers.Sale{Amount: euros(1023), Progress: func(drivers.Progress) {},
				Commit: func(drivers.Result) error { commits++; return nil }})
			if err != nil || out.Result.Decision != drivers.Approved || commits != 1 || l.held() != 1523 || !cut.Load() {
				t.Errorf("%v: %+v, %v, %d commits; the terminal holds %d", ways, out.Result, err, commits, l.held())
			}
		})
	}
}

// TestS12MaintenanceAfterTheDay finds the terminal silent, then at work, then ready; nothing of it is an end of day that failed.
func TestS12MaintenanceAfterTheDay(t *testing.T) {
	for _, stream := range []bool{false, true} {
		inLane(t, zvtsim.Options{Stream: stream}, func(l *lane) {
			l.pt.NextEndOfDay(zvtsim.Card{Do: zvtsim.Maintain, After: 4 * time.Minute})
			if got, _, err := l.day(t); err != nil || got.Amount != 500 {
				t.Fatalf("%+v, %v", got, err)
			}
			var states []string
			for begun := time.Now(); time.Since(begun) < 5*time.Minute; time.Sleep(20 * time.Second) {
				l.plug(wire.Options{})
				state, err := l.driver.Status(context.Background())
				said := state.Code
				if err != nil {
					said = "silent"
				}
				if states = append(states, said); state.Ready != (said == "00") {
					t.Errorf("%+v", state)
				}
				l.unplug()
			}
			if got := slices.Compact(states); !slices.Equal(got, []string{"silent", "e0", "00"}) {
				t.Errorf("states %q", got)
			}
			l.plug(wire.Options{})
			l.open()
			l.agree(euros(100))
		})
	}
}

// TestS13LinkFaults damages single frames of a sale; none of it costs or doubles the money.
func TestS13LinkFaults(t *testing.T) {
	for name, faults := range map[string][]wire.Fault{
		"the command damaged, NAK once":        {{Kind: wire.Flip, Direction: wire.In, At: 4, Mask: 1}},
		"the command damaged, NAK three times": {{Kind: wire.Flip, Direction: wire.In, At: 4, Mask: 1}, {Kind: wire.Flip, Direction: wire.In, At: 26, Mask: 1}, {Kind: wire.Flip, Direction: wire.In, At: 48, Mask: 1}},
		"the terminal's ACK lost":              {{Kind: wire.Drop, Direction: wire.Out, At: 0}},
		"the till's ACK lost":                  {{Kind: wire.Drop, Direction: wire.In, At: 22}},
		"a pause beyond T1 inside the command": {{Kind: wire.Delay, Direction: wire.In, At: 6, Wait: 300 * time.Millisecond}},
		"a pause beyond T1 inside an answer":   {{Kind: wire.Delay, Direction: wire.Out, At: 5, Wait: 300 * time.Millisecond}},
		"junk before an answer":                {{Kind: wire.Junk, Direction: wire.Out, At: 1, Bytes: []byte{0xFF, 0x00, 0x10, 0x15, 0x41}}},
	} {
		t.Run(name, func(t *testing.T) {
			inLane(t, zvtsim.Options{}, func(l *lane) {
				for _, f := range moved(faults, l.faulty.Offset(wire.In), l.faulty.Offset(wire.Out)) {
					l.faulty.Add(f)
				}
				l.agree(euros(1023))
			})
		})
	}
	for _, code := range []byte{0x83, 0x9C} {
		t.Run(fmt.Sprintf("84 %02x", code), func(t *testing.T) {
			inLane(t, zvtsim.Options{}, func(l *lane) {
				l.pt.Next(zvtsim.Card{Do: zvtsim.Refuse, Code: code})
				l.agree(euros(1023))
			})
		})
	}
}

func TestS14ReceiptsInLinesAndLongBlocks(t *testing.T) {
	for _, lines := range []bool{false, true} {
		inLane(t, zvtsim.Options{PlainLines: lines}, func(l *lane) {
			defer l.unplug()
			var long atomic.Bool
			l.pt.Observe(func(e zvtsim.Event) {
				if e.Moment == zvtsim.Sending && e.Command == "06 d3" {
					long.Store(true)
				}
			})
			out, err := l.outcome(euros(1023), new([]string))
			want := []drivers.ReceiptFor{drivers.ForMerchant, drivers.ForCustomer}
			if lines {
				want = []drivers.ReceiptFor{drivers.ForAnyone, drivers.ForAnyone}
			}
			if err != nil || len(out.Receipts) != 2 || out.Receipts[0].For != want[0] || out.Receipts[1].For != want[1] || long.Load() == lines {
				t.Fatalf("%+v, %v", out.Receipts, err)
			}
			if a, b := out.Receipts[0].Lines, out.Receipts[1].Lines; a[1] != "Haendlerbeleg" || b[1] != "Kundenbeleg" || len(a) != len(b) || len(a) < 10 {
				t.Errorf("%q\n%q", a, b)
			}
		})
	}
}
