package record_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
)

func codec(t testing.TB) *record.Codec {
	t.Helper()
	c, err := record.NewCodec()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func epoch(t testing.TB) pos.Epoch {
	t.Helper()
	e, err := pos.ParseEpoch("01890a5d-ac96-774b-bcce-b302099a8057")
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// golden is a confirmed record, encoded by hand after RFC 8949: a map of 8, keys ascending, shortest integers.
const golden = "a8" +
	"01" + "66" + "74696c6c2d31" + // till: "till-1"
	"02" + "50" + "01890a5dac96774bbcceb302099a8057" + // epoch
	"03" + "01" + // seq
	"04" + "5820" + "GENESIS" + // prev
	"05" + "08" + // kind: confirmed
	"06" + "1903e8" + // wall: 1000
	"07" + "05" + // mono
	"09" + "a1" + "01" + "50" + "01890a5dac967aaaaaaaaaaaaaaaaaaa" // body: payment

func TestTheBytesOfARecordAreFixed(t *testing.T) {
	start := record.Genesis("till-1", epoch(t))
	payment := pos.PaymentID(mustHex(t, "01890a5dac967aaaaaaaaaaaaaaaaaaa"))
	rec, err := codec(t).Encode("till-1", start, record.Times{Wall: 1000, Mono: 5}, &record.Confirmed{Payment: payment})
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.Replace(golden, "GENESIS", start.Hash.String(), 1); hex.EncodeToString(rec.Raw) != want {
		t.Errorf("got  %x\nwant %s", rec.Raw, want)
	}
	if !rec.Follows(start) {
		t.Error("does not follow its own predecessor")
	}
}

func TestGenesisIsTheHashOfTillZeroEpoch(t *testing.T) {
	// SHA-256 of 74696c6c2d31 00 01890a5dac96774bbcceb302099a8057.
	const want = "b11f3b893fd5465975ae40d765fa44497457f54abe4e263933088f71720010f2"
	if got := record.Genesis("till-1", epoch(t)).Hash.String(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestDecodeGivesBackWhatWasEncoded(t *testing.T) {
	c := codec(t)
	head := record.Genesis("till-1", epoch(t))
	offset, amount := int64(-3), pos.Minor(700)
	var stream []byte
	bodies := allBodies(amount)
	for _, body := range bodies {
		rec, err := c.Encode("till-1", head, record.Times{Wall: 1, Mono: 2, Offset: &offset}, body)
		if err != nil {
			t.Fatal(err)
		}
		head = rec.Head()
		stream = append(stream, rec.Raw...)
	}
	for _, want := range bodies {
		rec, rest, err := c.Decode(stream)
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.Body(&rec)
		if err != nil || !reflect.DeepEqual(got, want) || *rec.Times.Offset != offset {
			t.Errorf("got %+v, %v; want %+v", got, err, want)
		}
		stream = rest
	}
	if len(stream) > 0 {
		t.Errorf("%d bytes left", len(stream))
	}
}

func allBodies(amount pos.Minor) []record.Body {
	id, place := pos.PaymentID{1}, record.Place{Epoch: pos.Epoch{2}, Seq: 4}
	brands := []record.BrandSum{{Tender: pos.Card, Brand: "visa", Currency: "EUR", Count: 255, Amount: amount, Full: true}}
	decision := record.Decision{Status: pos.Approved, Amount: amount, Currency: "EUR", Tip: 50, Trace: "000123", Last4: "0119", Rounding: -2,
		Again: &record.Again{TriesLeft: 2, Deadline: 3}}
	return []record.Body{
		&record.Boot{Incarnation: pos.UUID{9}, Version: "1", Reason: record.Forked, Own: &record.Head{Seq: 3}, Platform: &record.Head{Seq: 4}},
		&record.Intent{Payment: id, Order: "o/1", Attempt: 2, Amount: amount, Currency: "EUR", Tender: pos.Card, Mode: pos.Online,
			OrderAmount: &amount, Device: "terminal", Before: &record.Last{Trace: "000122"}, Tendered: &amount, Scheme: "pix",
			Source: record.FromTill, OrderEnds: 1, Cashier: "ann"},
		&record.Presented{Payment: id, Scheme: "pix", CodeHash: make([]byte, 16), QR: "0002", Reference: "R1", ExpiresAt: 2, N: 7},
		&record.PlatformResult{Payment: id, N: 8, Decision: &decision, Note: "x", Operation: "op-1"},
		&record.Result{Payment: id, Decision: decision},
		&record.Confirmed{Payment: id, Receipts: []record.Receipt{{For: "customer", Lines: []string{"PAID"}}}},
		&record.Resolution{Payment: id, Status: pos.Approved, Evidence: record.ByTerminal, Text: "asked", Reason: "x", Found: &decision, Unwanted: true,
			Supervisor: "sue", Cashier: "ann"},
		&record.Operation{Payment: id, Key: "op-1", What: pos.Refund, Amount: amount, Currency: "EUR", Tender: pos.Card, Mode: pos.Online,
			Device: "terminal", Before: &record.Last{Trace: "000122"}, Reason: "broken", Cashier: "ann", Supervisor: "sue",
			Of: &record.Foreign{Till: "till-2", Order: "o/9", Attempt: 1, Tender: pos.QR, Currency: "EUR", Amount: amount}},
		&record.Policy{Version: 3, Epoch: pos.Epoch{2}, Message: []byte{1, 2}},
		&record.Override{Payment: id, Supervisor: "sue", Cashier: "ann", Rule: "total", Limit: 1000, Used: 990, Version: 3},
		&record.OperationResult{Payment: id, Key: "op-1", Decision: decision},
		&record.ShiftOpened{ID: pos.UUID{7}, Cashier: "ann", Date: "2026-03-29", Float: 5000, Currency: "EUR", Number: 3, After: place},
		&record.ShiftClosed{ID: pos.UUID{7}, Cashier: "ann", Counted: 5100, Expected: 5200, Before: place, OpenedAt: 5,
			Opened: record.ShiftOpened{ID: pos.UUID{7}, Cashier: "ann", Date: "2026-03-29", Currency: "EUR", Number: 3},
			Report: record.DayReport{After: place, Through: place, Records: 9, Unknown: []pos.PaymentID{id}, Open: 1,
				Sums: []record.DaySum{{What: record.SumSales, Tender: pos.Cash, Currency: "EUR", Count: 2, Amount: amount}}}},
		&record.Settlement{ID: pos.UUID{8}, Device: "terminal", State: record.SettlementDone, Date: "2026-03-29", After: place, Before: place,
			Terminal: &record.TerminalTotals{Currency: "EUR", Brands: brands, Amount: amount, First: "0001", Last: "0002", Trace: "000003",
				Date: "--03-29", Time: "23:00:00", Receipts: []record.Receipt{{For: "merchant", Lines: []string{"TOTAL"}}}},
			Journal: brands, Differences: []record.DayDifference{{Payment: id, Code: "x", Cause: "y", Next: "z"}}, Text: "x", Cashier: "ann",
			Through: place},
		&record.Carry{Of: record.Head{Seq: 9}, Part: 2, Last: true, Results: 8, Payments: []record.Hex{{1, 2}}, Till: record.Hex{0xa0},
			Sums:   []record.CarriedSum{{Tender: pos.Cash, Currency: "EUR", Count: 3, Amount: amount}},
			Orders: []record.CarriedOrder{{Day: 20000, Hashes: make([]byte, 16)}}},
		&record.Hole{Epoch: pos.Epoch{3}, From: 4, To: 5, Reason: record.HoleUnreadable, Hash: make([]byte, 32), Raw: record.Hex{1}, End: true},
		&record.ClockJump{Wall: 1, Mono: 2, By: -60_000, Offset: new(int64)},
		&record.Config{Version: 4, Hash: make([]byte, 32)},
		&record.KeyChange{Public: make([]byte, 32), Reason: "yearly"},
		&record.OperationEnd{Payment: id, Key: "op-1", State: pos.OperationDone, Evidence: record.ByTerminal, Reason: "x", Text: "asked",
			Found: &decision, Receipts: []record.Receipt{{For: "customer", Lines: []string{"BACK"}}}, Cashier: "ann", Supervisor: "sue"},
	}
}

// Every key of record.cddl must stand in the structs under the same name, and the other way round, so that the document cannot go stale.
func TestTheCDDLNamesEveryKey(t *testing.T) {
	text, err := os.ReadFile("record.cddl")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]int{}
	rule, key := regexp.MustCompile(`^([a-z_]+) = \{`), regexp.MustCompile(`^\s+\??\s*(\d+) =>`)
	name := ""
	for _, line := range strings.Split(string(text), "\n") {
		if m := rule.FindStringSubmatch(line); m != nil {
			name = m[1]
		} else if key.MatchString(line) {
			documented[name]++
		}
	}
	for name, value := range map[string]any{
		"boot": record.Boot{}, "intent": record.Intent{}, "result": record.Result{}, "confirmed": record.Confirmed{}, "resolution": record.Resolution{},
		"presented": record.Presented{}, "platform_result": record.PlatformResult{},
		"policy": record.Policy{}, "override": record.Override{},
		"operation": record.Operation{}, "operation_result": record.OperationResult{}, "operation_end": record.OperationEnd{},
		"shift_opened": record.ShiftOpened{}, "shift_closed": record.ShiftClosed{}, "settlement": record.Settlement{}, "place": record.Place{},
		"carry": record.Carry{}, "carried_sum": record.CarriedSum{}, "carried_order": record.CarriedOrder{}, "hole": record.Hole{},
		"clock_jump": record.ClockJump{}, "key": record.KeyChange{},
		"day_report": record.DayReport{}, "day_sum": record.DaySum{}, "terminal_totals": record.TerminalTotals{}, "brand_sum": record.BrandSum{},
		"day_difference": record.DayDifference{},
		"decision":       record.Decision{}, "receipt": record.Receipt{}, "foreign": record.Foreign{}, "last": record.Last{}, "head": record.Head{},
	} {
		if fields := reflect.TypeOf(value).NumField(); documented[name] != fields {
			t.Errorf("%s: %d keys in record.cddl, %d in the code", name, documented[name], fields)
		}
	}
}

func TestBodiesThatCannotBeInterpretedAreWholeRecords(t *testing.T) {
	c := codec(t)
	head := record.Genesis("till-1", epoch(t))
	rec, err := c.Encode("till-1", head, record.Times{}, &record.Confirmed{})
	if err != nil {
		t.Fatal(err)
	}
	raw := bytes.Clone(rec.Raw)
	raw[bytes.Index(raw, []byte{5, 8})+1] = 23 // a kind that this version does not know
	unknown, _, err := c.Decode(raw)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Body(&unknown); !errors.Is(err, record.ErrUninterpreted) {
		t.Errorf("unknown kind: %v", err)
	}
	raw[bytes.Index(raw, []byte{5, 23})+1] = 1 // a boot record with a confirmed body
	if wrong, _, err := c.Decode(raw); err == nil {
		if _, err := c.Body(&wrong); err != nil && !errors.Is(err, record.ErrUninterpreted) {
			t.Errorf("wrong body: %v", err)
		}
	}
}

func TestShortIdsAreNotFilledUp(t *testing.T) {
	c := codec(t)
	rec, err := c.Encode("till-1", record.Genesis("till-1", epoch(t)), record.Times{}, &record.Confirmed{Payment: pos.PaymentID{1}})
	if err != nil {
		t.Fatal(err)
	}
	for name, cut := range map[string]struct{ head, short []byte }{
		"epoch":   {[]byte{0x02, 0x50}, []byte{0x02, 0x4f}},
		"prev":    {[]byte{0x04, 0x58, 0x20}, []byte{0x04, 0x58, 0x1f}},
		"payment": {[]byte{0x01, 0x50}, []byte{0x01, 0x4f}},
	} {
		at := bytes.Index(rec.Raw, cut.head)
		n := int(cut.short[len(cut.short)-1]&0x1f) + len(cut.head)
		short := append(append(bytes.Clone(rec.Raw[:at]), cut.short...), rec.Raw[at+len(cut.head):at+n]...)
		short = append(short, rec.Raw[at+n+1:]...)
		got, _, err := c.Decode(short)
		if err == nil {
			_, err = c.Body(&got)
		}
		if err == nil {
			t.Errorf("%s: a byte less was taken", name)
		}
	}
}

func TestFramesProveThemselves(t *testing.T) {
	frame := record.AppendFrame(nil, []byte("record"), []byte("signature"))
	raw, signature, err := record.ReadFrame(append(bytes.Clone(frame), "what follows"...))
	if err != nil || string(raw) != "record" || string(signature) != "signature" {
		t.Fatalf("%q %q %v", raw, signature, err)
	}
	for bit := range len(frame) * 8 {
		damaged := bytes.Clone(frame)
		damaged[bit/8] ^= 1 << (bit % 8)
		if _, _, err := record.ReadFrame(damaged); !errors.Is(err, record.ErrDamaged) {
			t.Errorf("bit %d flipped: %v", bit, err)
		}
	}
	for n := range frame {
		if _, _, err := record.ReadFrame(frame[:n]); !errors.Is(err, record.ErrDamaged) {
			t.Errorf("cut to %d bytes: %v", n, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	c := codec(f)
	head := record.Genesis("till-1", epoch(f))
	for _, body := range allBodies(1) {
		rec, err := c.Encode("till-1", head, record.Times{Wall: 1}, body)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(rec.Raw)
	}
	f.Add([]byte{0xa0})
	f.Add([]byte{0xbf, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		rec, rest, err := c.Decode(b)
		if err != nil {
			return
		}
		if len(rec.Raw)+len(rest) != len(b) {
			t.Errorf("%d + %d bytes of %d", len(rec.Raw), len(rest), len(b))
		}
		_, _ = c.Body(&rec)
		_ = rec.Kind.String()
	})
}

func mustHex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestACodesHashIsHexInJSON(t *testing.T) {
	text, err := json.Marshal(record.Presented{Payment: pos.PaymentID{1}, Scheme: "wechat", CodeHash: []byte{0xab, 0x01}})
	if err != nil || !strings.Contains(string(text), `"code_hash":"ab01"`) {
		t.Errorf("%s, %v", text, err)
	}
	var back record.Presented
	if err := json.Unmarshal(text, &back); err != nil || !bytes.Equal(back.CodeHash, []byte{0xab, 0x01}) {
		t.Errorf("%+v, %v", back, err)
	}
}

func TestAResultOfNothingNamesNoPayment(t *testing.T) {
	c := codec(t)
	rec, err := c.Encode("till-1", record.Genesis("till-1", epoch(t)), record.Times{}, &record.PlatformResult{N: 1, Note: "x"})
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(rec.Raw, make([]byte, 16)) {
		t.Errorf("a payment of zeros: %x", rec.Raw)
	}
	body, err := c.Body(&rec)
	if told, ok := body.(*record.PlatformResult); err != nil || !ok || told.N != 1 || !told.Payment.IsZero() {
		t.Errorf("%+v, %v", body, err)
	}
}
