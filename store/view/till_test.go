package view_test

import (
	"reflect"
	"testing"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/view"
)

// day folds bodies into a till and returns it with the first error.
func day(t *testing.T, bodies ...record.Body) (view.Till, error) {
	t.Helper()
	codec, err := record.NewCodec()
	if err != nil {
		t.Fatal(err)
	}
	var till view.Till
	head := record.Genesis("till-1", pos.Epoch{1})
	for _, body := range bodies {
		rec, err := codec.Encode("till-1", head, record.Times{Wall: int64(head.Seq) + 1}, body)
		if err != nil {
			t.Fatal(err)
		}
		head = rec.Head()
		read, err := codec.Body(&rec)
		if err != nil {
			t.Fatal(err)
		}
		if till, err = view.FoldTill(till, &rec, read); err != nil {
			return till, err
		}
	}
	return till, nil
}

func at(seq pos.Seq) record.Place { return record.Place{Epoch: pos.Epoch{1}, Seq: seq} }

func opened(id byte, number uint64) record.Body {
	return &record.ShiftOpened{ID: pos.UUID{id}, Cashier: "ann", Date: "2026-03-29", Currency: "EUR", Number: number}
}

func closed(id byte, through pos.Seq) record.Body {
	return &record.ShiftClosed{ID: pos.UUID{id}, Cashier: "ann", Report: record.DayReport{Through: at(through)}}
}

func step(id byte, device pos.DeviceName, state record.SettlementState) record.Body {
	return &record.Settlement{ID: pos.UUID{id}, Device: device, State: state, Date: "2026-03-29"}
}

func TestOneShiftIsOpenAtATime(t *testing.T) {
	till, err := day(t, opened(1, 1))
	if err != nil || till.Shift == nil || till.Shift.Opened.Cashier != "ann" || till.Shift.At != 1 || till.Shift.Place != at(1) {
		t.Fatalf("%+v, %v", till, err)
	}
	if till, err = day(t, opened(1, 1), &record.Boot{}, closed(1, 2), opened(2, 2)); err != nil {
		t.Fatal(err)
	}
	if till.Shifts != 2 || till.Closed != at(3) || till.Through != at(2) || till.Shift.Opened.ID != (pos.UUID{2}) {
		t.Errorf("%+v", till)
	}
	for name, bodies := range map[string][]record.Body{
		"a second one":         {opened(1, 1), opened(2, 2)},
		"a number twice":       {opened(1, 1), closed(1, 1), opened(2, 1)},
		"closed without":       {closed(1, 1)},
		"another one closed":   {opened(1, 1), closed(2, 1)},
		"closed a second time": {opened(1, 1), closed(1, 1), closed(1, 1)},
	} {
		before, err := day(t, bodies[:len(bodies)-1]...)
		if err != nil {
			t.Fatal(name, err)
		}
		if after, err := day(t, bodies...); err == nil || !reflect.DeepEqual(after, before) {
			t.Errorf("%s: %v, %+v", name, err, after)
		}
	}
}

func TestTheStepsOfASettlement(t *testing.T) {
	begun, told := step(1, "left", record.SettlementBegun), step(1, "left", record.SettlementTold)
	for name, c := range map[string]struct {
		bodies  []record.Body
		settled pos.Seq // end of the range that was settled last
		lost    bool
		open    record.SettlementState
	}{
		"begun":     {[]record.Body{begun}, 0, false, record.SettlementBegun},
		"told":      {[]record.Body{begun, told}, 0, false, record.SettlementTold},
		"done":      {[]record.Body{begun, told, step(1, "left", record.SettlementDone)}, 1, false, ""},
		"unknown":   {[]record.Body{begun, step(1, "left", record.SettlementUnknown)}, 1, true, ""},
		"abandoned": {[]record.Body{begun, step(1, "left", record.SettlementAbandoned)}, 0, false, ""},
		"done after one that is unknown": {[]record.Body{begun, step(1, "left", record.SettlementUnknown), step(2, "left", record.SettlementBegun),
			step(2, "left", record.SettlementTold), step(2, "left", record.SettlementDone)}, 3, false, ""},
		"of another device": {[]record.Body{step(1, "right", record.SettlementBegun)}, 0, false, ""},
	} {
		till, err := day(t, c.bodies...)
		if err != nil {
			t.Fatal(name, err)
		}
		d := till.Devices["left"]
		if d.Settled.Seq != c.settled || (d.Lost != nil) != c.lost || (d.Open != nil) != (c.open != "") || d.Open != nil && d.Open.State != c.open {
			t.Errorf("%s: %+v", name, d)
		}
		if ended := c.open == "" && name != "of another device"; ended != (till.Settled == at(pos.Seq(len(c.bodies)))) {
			t.Errorf("%s: the last settlement ended at %v", name, till.Settled)
		}
	}
}

func TestWhatTheTillTakesByItselfIsSettledAtOnce(t *testing.T) {
	own := &record.Settlement{ID: pos.UUID{1}, State: record.SettlementDone, Date: "2026-03-29", Through: at(7)}
	if till, err := day(t, own); err != nil || till.Devices[""].Settled != at(7) || till.Devices[""].Open != nil || till.Settled != at(1) {
		t.Errorf("%+v, %v", till, err)
	}
}

func TestImpossibleStepsOfASettlement(t *testing.T) {
	begun, told := step(1, "left", record.SettlementBegun), step(1, "left", record.SettlementTold)
	for name, bodies := range map[string][]record.Body{
		"told before begun":   {told},
		"done before begun":   {step(1, "left", record.SettlementDone)},
		"a second one":        {begun, step(2, "left", record.SettlementBegun)},
		"another one is told": {begun, step(2, "left", record.SettlementTold)},
		"told twice":          {begun, told, told},
		"lost twice":          {begun, step(1, "left", record.SettlementUnknown), step(1, "left", record.SettlementUnknown)},
		"an invented state":   {begun, step(1, "left", "paid")},
	} {
		if till, err := day(t, bodies...); err == nil {
			t.Errorf("%s: %+v", name, till.Devices["left"])
		}
	}
}

// What others hold of a till does not change while records are folded on.
func TestFoldingATillChangesNothingThatOthersHold(t *testing.T) {
	codec, err := record.NewCodec()
	if err != nil {
		t.Fatal(err)
	}
	before, err := day(t, opened(1, 1), step(1, "left", record.SettlementBegun))
	if err != nil {
		t.Fatal(err)
	}
	shift, device := *before.Shift, before.Devices["left"]
	head := record.Head{Epoch: pos.Epoch{1}, Seq: 2}
	for _, body := range []record.Body{closed(1, 2), step(1, "left", record.SettlementUnknown), step(2, "right", record.SettlementBegun)} {
		rec, err := codec.Encode("till-1", head, record.Times{}, body)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := view.FoldTill(before, &rec, body); err != nil {
			t.Fatal(err)
		}
	}
	if !reflect.DeepEqual(shift, *before.Shift) || !reflect.DeepEqual(device, before.Devices["left"]) || len(before.Devices) != 1 {
		t.Errorf("%+v", before)
	}
}
