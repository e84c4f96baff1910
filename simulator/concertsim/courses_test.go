package concertsim_test

import (
	"context"
	"testing"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/simulator/concertsim"
)

// course is a sale and what becomes of it: how it ends, and where that is unknown, what a recovery finds.
type course struct {
	card      concertsim.Card
	want      string
	recovered drivers.Verdict
}

const (
	nothing = "device_unavailable none_moved"
	unknown = "outcome_unknown unknown"
)

func quirk(q concertsim.Quirks) concertsim.Card { return concertsim.Card{Quirks: q} }

func linkCourses() map[string]course {
	second := time.Second
	return map[string]course{
		"plain":                          {concertsim.Card{}, "approved", ""},
		"ENQ ignored once":               {quirk(concertsim.Quirks{IgnoreENQ: 1}), "approved", ""},
		"ENQ ignored always":             {quirk(concertsim.Quirks{IgnoreENQ: 9}), nothing, ""},
		"ENQ refused twice":              {quirk(concertsim.Quirks{RefuseENQ: 2}), "approved", ""},
		"ENQ refused always":             {quirk(concertsim.Quirks{RefuseENQ: 9}), nothing, ""},
		"ENQ answered late":              {quirk(concertsim.Quirks{LateENQ: 2900 * time.Millisecond}), "approved", ""},
		"ENQ answered too late":          {quirk(concertsim.Quirks{LateENQ: 3500 * time.Millisecond}), nothing, ""},
		"ENQ meets the terminal's own":   {quirk(concertsim.Quirks{Collide: true}), "approved", ""},
		"frame refused once":             {quirk(concertsim.Quirks{RefuseFrame: 1}), "approved", ""},
		"frame refused twice":            {quirk(concertsim.Quirks{RefuseFrame: 2}), "approved", ""},
		"frame refused always":           {quirk(concertsim.Quirks{RefuseFrame: 9}), "terminal_refused none_moved", ""},
		"ENQ ignored, frame refused":     {quirk(concertsim.Quirks{IgnoreENQ: 1, RefuseFrame: 9}), unknown, drivers.Undecided},
		"ACK of the frame lost":          {quirk(concertsim.Quirks{LoseACK: true}), "approved", ""},
		"ACK lost, 4 s":                  {concertsim.Card{After: 4 * second, Quirks: concertsim.Quirks{LoseACK: true}}, "approved", ""},
		"ACK lost, slow customer":        {concertsim.Card{After: 20 * second, Quirks: concertsim.Quirks{LoseACK: true}}, unknown, drivers.Charged},
		"ACK lost, slow customer aborts": {concertsim.Card{Do: concertsim.Decline, After: 20 * second, Quirks: concertsim.Quirks{LoseACK: true}}, unknown, drivers.NotCharged},
		"check byte 2.9 s late":          {quirk(concertsim.Quirks{CheckAfter: 2900 * time.Millisecond}), "approved", ""},
		"wrong check byte once":          {quirk(concertsim.Quirks{DamageSum: 1}), "approved", ""},
		"parity errors once":             {quirk(concertsim.Quirks{Parity: 1}), "approved", ""},
		"parity errors always":           {quirk(concertsim.Quirks{Parity: 99}), unknown, drivers.Undecided},
		"told twice":                     {quirk(concertsim.Quirks{Repeat: true}), "approved", ""},
		"no EOT":                         {quirk(concertsim.Quirks{NoEOT: true}), "approved", ""},
		"byte by byte":                   {quirk(concertsim.Quirks{InPieces: true}), "approved", ""},
		"answer without ENQ":             {quirk(concertsim.Quirks{Bare: true}), "approved", ""},
	}
}

func moneyCourses() map[string]course {
	return map[string]course{
		"declined":                   {concertsim.Card{Do: concertsim.Decline}, "declined", ""},
		"not verified":               {concertsim.Card{Do: concertsim.NotVerified}, unknown, drivers.Undecided},
		"nothing told":               {concertsim.Card{Do: concertsim.Silent}, unknown, drivers.Undecided},
		"another amount":             {quirk(concertsim.Quirks{OtherAmount: true}), unknown, drivers.Undecided},
		"another private field":      {quirk(concertsim.Quirks{OtherPrivate: true}), unknown, drivers.Undecided},
		"private field not echoed":   {quirk(concertsim.Quirks{NoPrivate: true}), "approved", ""},
		"nearly three minutes":       {concertsim.Card{After: 179 * time.Second}, "approved", ""},
		"after three minutes":        {concertsim.Card{After: 185 * time.Second}, unknown, drivers.Charged},
		"declined after 3 min":       {concertsim.Card{Do: concertsim.Decline, After: 185 * time.Second}, unknown, drivers.NotCharged},
		"approved long after":        {concertsim.Card{After: 20 * time.Minute}, unknown, drivers.Undecided},
		"short, whatever was asked":  {quirk(concertsim.Quirks{Short: true}), "approved", ""},
		"full, whatever was asked":   {quirk(concertsim.Quirks{Full: true}), "approved", ""},
		"after 3 min, without echo":  {concertsim.Card{After: 185 * time.Second, Quirks: concertsim.Quirks{NoPrivate: true}}, unknown, drivers.Undecided},
		"after 3 min, other private": {concertsim.Card{After: 185 * time.Second, Quirks: concertsim.Quirks{OtherPrivate: true}}, unknown, drivers.Undecided},
	}
}

func taggedCourses() map[string]course {
	return map[string]course{
		"customer's abort":               {concertsim.Card{Do: concertsim.CustomerAbort}, "cancelled", ""},
		"customer's abort without CB":    {concertsim.Card{Do: concertsim.CustomerAbort, Quirks: concertsim.Quirks{NoAmount: true}}, "cancelled", ""},
		"success without CB":             {quirk(concertsim.Quirks{NoAmount: true}), unknown, drivers.Undecided},
		"CB padded":                      {quirk(concertsim.Quirks{PadAmount: true}), "approved", ""},
		"unknown tags":                   {quirk(concertsim.Quirks{MoreTags: true}), "approved", ""},
		"AE 11, then nothing":            {concertsim.Card{Do: concertsim.TakenOn}, unknown, drivers.Undecided},
		"AE 10 with a refusal":           {concertsim.Card{Do: concertsim.Contradict}, unknown, drivers.Undecided},
		"format error":                   {concertsim.Card{Do: concertsim.Decline, Reason: "09"}, "terminal_refused none_moved", ""},
		"unknown action":                 {concertsim.Card{Do: concertsim.Decline, Reason: "12"}, "terminal_refused none_moved", ""},
		"refusal that says authorised":   {concertsim.Card{Do: concertsim.Decline, Reason: "01"}, unknown, drivers.Undecided},
		"operator's abort":               {concertsim.Card{Do: concertsim.Decline, Reason: "11"}, "cancelled", ""},
		"a reason that is in no table":   {concertsim.Card{Do: concertsim.Decline, Reason: "77"}, "declined", ""},
		"byte by byte and told twice":    {quirk(concertsim.Quirks{InPieces: true, Repeat: true}), "approved", ""},
		"unknown tags, padded, in bytes": {quirk(concertsim.Quirks{MoreTags: true, PadAmount: true, InPieces: true}), "approved", ""},
	}
}

// TestTheDriverMeetsEveryCourse plays each oddity to the driver and compares what it says with what the terminal holds.
func TestTheDriverMeetsEveryCourse(t *testing.T) {
	v3, stream := concertsim.Options{Generation: concertsim.V3}, concertsim.Options{Generation: concertsim.V3, Stream: true}
	for name, group := range map[string]struct {
		o       concertsim.Options
		courses map[string]course
	}{
		"E+ link": {concertsim.Options{}, linkCourses()}, "E+": {concertsim.Options{}, moneyCourses()},
		"V3 link": {v3, linkCourses()}, "V3": {v3, taggedCourses()}, "V3 over TCP": {stream, taggedCourses()},
		"V3 money": {v3, moneyCourses()}, "V3 money over TCP": {stream, moneyCourses()},
	} {
		for what, c := range group.courses {
			t.Run(name+", "+what, func(t *testing.T) { inLane(t, group.o, nil, c.play) })
		}
	}
}

func (c course) play(l *lane) {
	l.sim.Next(c.card)
	out, err := l.sell(1990)
	if got := how(out, err); got != c.want {
		l.t.Fatalf("%s (%+v, %v), want %s", got, out, err, c.want)
	}
	want := c.recovered
	if err != nil && c.want == unknown {
		got := l.recover(drivers.SaleOf, 1990)
		if got.Verdict != want || got.Text == "" {
			l.t.Errorf("recovered %+v, want %s", got, want)
		}
	}
	charged := c.want == "approved" || want == drivers.Charged
	if known := want != drivers.Undecided; known && charged != (l.held() == 1990) {
		l.t.Errorf("charged %v, and the terminal holds %d", charged, l.held())
	}
	if n := len(l.stored); err == nil && n != 1 {
		l.t.Errorf("%d commits", n)
	}
}

func TestAnAnswerTellsTheCard(t *testing.T) {
	inLane(t, concertsim.Options{}, map[string]string{"answer": "full"}, func(l *lane) {
		l.sim.Next(concertsim.Card{Last4: "4242"})
		out, err := l.sell(1990)
		if err != nil || out.Result.Last4 != "4242" || out.Result.CardName != "card" || out.Result.Trace != drivers.Ticket("sale 1", 10) {
			t.Errorf("%+v, %v", out, err)
		}
	})
	inLane(t, concertsim.Options{Generation: concertsim.V3}, nil, func(l *lane) {
		l.sim.Next(concertsim.Card{Last4: "4242", Brand: "amex"})
		out, err := l.sell(1990)
		r := out.Result
		if err != nil || r.Last4 != "4242" || r.Brand != "amex" || r.CardName != "CB" || r.Entry != "chip" || r.AuthCode != "000001" || r.MerchantID != "0123456789" {
			t.Errorf("%+v, %v", out, err)
		}
		if len(out.Receipts) != 1 || out.Receipts[0].For != drivers.ForCustomer || out.Receipts[0].Lines[0] != "CARTE BANCAIRE" {
			t.Errorf("%+v", out.Receipts)
		}
	})
}

// TestALateAnswerIsNotTheNextSales gives a sale up after three minutes and sells the same amount again while the terminal still wants to
// tell the first.
func TestALateAnswerIsNotTheNextSales(t *testing.T) {
	for _, noEcho := range []bool{false, true} {
		inLane(t, concertsim.Options{Persistent: true, NoEcho: noEcho}, nil, func(l *lane) {
			l.sim.Next(concertsim.Card{After: 185 * time.Second})
			if out, err := l.sell(1990); how(out, err) != unknown {
				t.Fatalf("%+v, %v", out, err)
			}
			time.Sleep(10 * time.Second) // the terminal calls in vain, and a person decides
			l.sim.Next(concertsim.Card{Do: concertsim.Decline})
			out, err := l.sell(1990)
			for how(out, err) == nothing {
				out, err = l.sell(1990) // the terminal has its own to say first
			}
			want := "declined"
			if noEcho {
				want = unknown
			}
			if got := how(out, err); got != want || l.held() != 1990 {
				t.Errorf("echo %v: %s (%+v, %v), and the terminal holds %d", !noEcho, got, out, err, l.held())
			}
		})
	}
}

func TestATerminalThatIsBusyIsWaitedForAtOpening(t *testing.T) {
	for _, mute := range []bool{false, true} {
		inLane(t, concertsim.Options{Persistent: true, BusyMute: mute}, nil, func(l *lane) {
			l.sim.Next(concertsim.Card{After: 7 * time.Second})
			ctx, done := context.WithTimeout(context.Background(), 2*time.Second)
			defer done()
			if out, err := l.driver.Sale(ctx, l.command(1990)); how(out, err) != unknown {
				t.Fatalf("%+v, %v", out, err)
			}
			l.unplug()
			l.plug(nil, noFaults())
			l.open()
			if r := l.recover(drivers.SaleOf, 1990); r.Verdict != drivers.Charged || r.Result.Amount != euros(1990) {
				t.Errorf("%+v", r)
			}
		})
	}
}
