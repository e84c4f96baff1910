package hypercom_test

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/hypercom/codec"
	"github.com/tillproof/tillproof/pos"
)

// Odd but legal, and what is not ours.
func TestOddTalks(t *testing.T) {
	good := framed("20", "00", paid(ours, asked, "000042")...)
	damaged := slices.Clone(good)
	damaged[len(damaged)-1] ^= 0x40
	sized := slices.Clone(good)
	sized[1] = 0x0A
	request := codec.Usual().Rules().Frame(codec.Usual().Payload(codec.Message{Direction: codec.Request, Code: "20", Fields: paid(ours, asked, "000042")}))
	beyond := codec.Usual().Payload(codec.Message{Direction: codec.Answer, Code: "20", Fields: paid(ours, asked, "000042")})
	beyond[len(beyond)-7] = 0x99 // the length of the last field
	for name, c := range map[string]struct {
		to20   []byte
		again  []byte // to NAK
		want   drivers.Decision
		amount pos.Minor
		said   string
	}{
		"ACK behind the answer":        {slices.Concat(good, ack()), nil, drivers.Approved, 1023, "ack"},
		"no ACK at all":                {good, nil, drivers.Approved, 1023, "ack"},
		"a NAK behind the ACK":         {ack(nak(), good), nil, drivers.Approved, 1023, "ack"},
		"a ping's answer in between":   {ack(framed("FF", "CP"), good), nil, drivers.Approved, 1023, "ack ack"},
		"junk before":                  {append([]byte{0xFF, 0x00, 0x7F}, ack([]byte{0xFE, 0x01}, good)...), nil, drivers.Approved, 1023, "ack"},
		"an ACK that noise made an 02": {append([]byte{0x02}, good...), nil, drivers.Approved, 1023, "ack"},
		"an echo of ours":              {slices.Concat(request, ack(good)), nil, drivers.Approved, 1023, "ack"},
		"a frame without headers":      {ack(codec.Usual().Rules().Frame([]byte("hello")), good), nil, drivers.Approved, 1023, "ack"},
		"a wrong check, then well":     {ack(damaged), good, drivers.Approved, 1023, "nak ack"},
		"no length, then well":         {ack(sized), good, drivers.Approved, 1023, "nak ack"},
		"a length beyond the body":     {ack(codec.Usual().Rules().Frame(beyond)), nil, drivers.Approved, 1023, "ack"},
		"nothing but the response":     {ack(framed("20", "00")), nil, drivers.Approved, 1023, "ack"},
		"no name":                      {ack(framed("20", "00", paid("", asked, "000042")...)), nil, drivers.Approved, 1023, "ack"},
		"another's name, then ours":    {ack(framed("20", "00", paid("ANOTHER", asked, "000041")...), good), nil, drivers.Approved, 1023, "ack"},
		"another's name only":          {ack(framed("20", "00", paid("ANOTHER", asked, "000041")...)), nil, "", 0, ""},
		"another transaction":          {ack(framed("40", "00", paid(ours, asked, "000041")...)), nil, "", 0, ""},
		"another amount, then well": {ack(framed("20", "00", paid(ours, "000000001000", "000042")...)), good,
			drivers.Approved, 1023, "nak ack"},
		"another amount, for good": {ack(framed("20", "00", paid(ours, "000000001000", "000042")...)), framed("20", "00", paid(ours, "000000001000", "000042")...),
			drivers.Approved, 1000, "nak ack"},
		"another amount, and no name": {ack(framed("20", "00", paid("", "000000001000", "000042")...)), framed("20", "00", paid("", "000000001000", "000042")...),
			"", 0, "nak"},
		"an amount that is none": {ack(framed("20", "00", paid(ours, "       10.23", "000042")...)), framed("20", "00", paid(ours, "       10.23", "000042")...),
			"", 0, "nak"},
		"an amount that is too long": {ack(framed("20", "00", paid(ours, "00000000001023", "000042")...)), framed("20", "00", paid(ours, "00000000001023", "000042")...),
			"", 0, "nak"},
		"an amount of nothing": {ack(framed("20", "00", paid(ours, "000000000000", "000042")...)), framed("20", "00", paid(ours, "000000000000", "000042")...),
			"", 0, "nak"},
		"an amount that is none, then well":   {ack(framed("20", "00", paid(ours, "       10.23", "000042")...)), good, drivers.Approved, 1023, "nak ack"},
		"an amount without zeros":             {ack(framed("20", "00", paid(ours, "1023", "000042")...)), nil, drivers.Approved, 1023, "ack"},
		"blanks for an amount":                {ack(framed("20", "00", paid(ours, "            ", "000042")...)), nil, drivers.Approved, 1023, "ack"},
		"an approval as a refusal, then well": {ack(framed("20", "08", paid(ours, asked, "000042")...)), good, drivers.Approved, 1023, "nak ack"},
		"a refusal with an approval code":     {ack(framed("20", "51", paid(ours, asked, "000042")...)), framed("20", "51", paid(ours, asked, "000042")...), drivers.Declined, 1023, "nak ack"},
		"a refusal":                           {ack(framed("20", "51", codec.Text("66", ours), codec.Text("02", "DECLINED"))), nil, drivers.Declined, 1023, "ack"},
		"letters":                             {ack(framed("20", "TO")), nil, drivers.Declined, 1023, "ack"},
		"the customer's abort":                {ack(framed("20", "17")), nil, drivers.Cancelled, 1023, "ack"},
		"a response that is no code":          {ack(framed("20", " \x7F")), nil, "", 0, ""},
		"a response of two blanks":            {ack(framed("20", "  ")), nil, "", 0, ""},
		"settled meanwhile":                   {ack(framed("50", "00"), good), nil, drivers.Approved, 1023, "ack"},
		"good, and good again":                {ack(good, good), nil, drivers.Approved, 1023, "ack"},
		"a cut frame and a whole one":         {ack(good[:60], good), nil, drivers.Approved, 1023, "ack"},
	} {
		t.Run(name, func(t *testing.T) {
			scripted(t, nil, func(word string, _ int, _ codec.Message) []byte {
				switch word {
				case "FF":
					return pong()
				case "20":
					return c.to20
				case "nak":
					return c.again
				}
				return nil
			}, func(terminal drivers.CardTerminal, r *record) {
				var durable []drivers.Result
				out, err := terminal.Sale(t.Context(), sale(func(d drivers.Result) error { durable = append(durable, d); return nil }))
				var e *pos.Error
				switch {
				case c.want == "" && (!errors.As(err, &e) || e.Retry != pos.OutcomeUnknown || len(durable) > 0):
					t.Errorf("%+v, %v; durable %v", out, err, durable)
				case c.want != "" && (err != nil || out.Result.Decision != c.want || out.Result.Amount.Amount != c.amount || len(durable) != 1):
					t.Errorf("%+v, %v; durable %v", out, err, durable)
				}
				if said := strings.TrimSpace("FF ack 20 " + c.said); r.text() != said {
					t.Errorf("said %s, not %s", r.text(), said)
				}
			})
		})
	}
}

// The cashier's wish goes out once, and whatever comes of it, the sale's own answer decides.
func TestTheCashierStops(t *testing.T) {
	stopped := framed("20", "CT", codec.Text("66", ours))
	for name, c := range map[string]struct {
		toXX   []byte
		want   drivers.Decision
		said   string
		points bool // at the terminal's red key
	}{
		"ended":                  {ack(framed("XX", "00"), stopped), drivers.Cancelled, "XX ack ack", false},
		"ended without a word":   {ack(stopped), drivers.Declined, "XX ack", false},
		"too late":               {ack(framed("XX", "12"), framed("20", "00", paid(ours, asked, "000042")...)), drivers.Approved, "XX ack ack", true},
		"the sale is done first": {framed("20", "00", paid(ours, asked, "000042")...), drivers.Approved, "XX ack", false},
		"ended, and no answer":   {ack(framed("XX", "00")), "", "XX ack", false},
		"not known":              {nak(), "", "XX XX XX", true},
		"silence":                {nil, "", "XX", true},
	} {
		t.Run(name, func(t *testing.T) {
			scripted(t, nil, func(word string, _ int, _ codec.Message) []byte {
				switch word {
				case "FF":
					return pong()
				case "20":
					return ack()
				case "XX":
					return c.toXX
				}
				return nil
			}, func(terminal drivers.CardTerminal, r *record) {
				command, points := sale(kept), false
				cancel := make(chan struct{})
				command.Cancel, command.Progress = cancel, func(drivers.Progress) { points = true }
				time.AfterFunc(10*time.Second, func() { close(cancel) })
				begun := time.Now()
				out, err := terminal.Sale(t.Context(), command)
				if took := time.Since(begun); name == "ended, and no answer" && took > 25*time.Second {
					t.Errorf("took %s", took)
				}
				if c.want == "" && pos.MoneyOf(err) != pos.MoneyUnknown || c.want != "" && (err != nil || out.Result.Decision != c.want) || points != c.points {
					t.Errorf("%+v, %v; pointed at the terminal: %v", out, err, points)
				}
				if said := "FF ack 20 " + c.said; r.text() != said {
					t.Errorf("said %s, not %s", r.text(), said)
				}
			})
		})
	}
}

func TestSettlements(t *testing.T) {
	host := func(name, sales, voids, refunds string) []codec.Field {
		return []codec.Field{codec.Text("D3", name), codec.Text("50", "000007"), codec.Text("80", sales), codec.Text("82", voids), codec.Text("85", refunds)}
	}
	two := slices.Concat([]codec.Field{codec.Text("03", "261122"), codec.Text("04", "220000")}, host("VISA", "0003000000005970", "0001000000001000", "0000000000000000"),
		host("MYDEBIT", "00010000000000000100", "00000000000000000000", "00020000000000000030"))
	cut := codec.Usual().Payload(codec.Message{Direction: codec.Answer, Code: "50", More: true, Fields: host("VISA", "0003000000005970", "0000000000000000", "0000000000000000")})
	cut[len(cut)-18] = 0x99 // the length of the last field
	for name, c := range map[string]struct {
		options map[string]string
		answer  []byte
		amount  pos.Minor
		brands  string
		money   pos.MoneyState
	}{
		"two hosts, two widths":   {nil, framed("50", "00", two...), 6040, "visa 3 5970, mydebit 1 70", ""},
		"voided ones within":      {map[string]string{"voided_sales": "counted"}, framed("50", "00", two...), 5040, "visa 3 4970, mydebit 1 70", ""},
		"one host without a name": {nil, framed("50", "00", codec.Text("80", "0001000000000100")), 100, "other 1 100", ""},
		"nothing sold":            {nil, framed("50", "00", codec.Text("80", "0000000000000000")), 0, "", ""},
		"another field repeats": {nil, framed("50", "00", codec.Text("D3", "VISA"), codec.Text("80", "0001000000000100"), codec.Text("17", "PAGE 1"), codec.Text("17", "PAGE 2")),
			100, "visa 1 100", ""},
		"in two messages": {nil, slices.Concat(unfinished("50", host("VISA", "0003000000005970", "0000000000000000", "0000000000000000")...),
			framed("50", "00", host("MYDEBIT", "0001000000000100", "0000000000000000", "0000000000000000")...)), 6070, "visa 3 5970, mydebit 1 100", ""},
		"the first message is cut": {nil, slices.Concat(codec.Usual().Rules().Frame(cut),
			framed("50", "00", host("MYDEBIT", "0001000000000100", "0000000000000000", "0000000000000000")...)), 0, "", pos.MoneyUnknown},
		"the second message is lost": {nil, unfinished("50", host("VISA", "0003000000005970", "0000000000000000", "0000000000000000")...), 0, "", pos.MoneyUnknown},
		"no totals":                  {nil, framed("50", "00", codec.Text("D3", "VISA")), 0, "", pos.MoneyUnknown},
		"totals that are none":       {nil, framed("50", "00", codec.Text("80", "three thousands.")), 0, "", pos.MoneyUnknown},
		"refused":                    {nil, framed("50", "95", codec.Text("02", "HOST BUSY")), 0, "", pos.NoneMoved},
		"no code":                    {nil, framed("50", "  "), 0, "", pos.MoneyUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			scripted(t, c.options, func(word string, _ int, _ codec.Message) []byte {
				switch word {
				case "FF":
					return pong()
				case "50":
					return ack(c.answer)
				}
				return nil
			}, func(terminal drivers.CardTerminal, r *record) {
				commits := 0
				got, err := terminal.Settle(t.Context(), func(drivers.Progress) {}, func(drivers.Totals) error { commits++; return nil })
				var brands []string
				for _, b := range got.Brands {
					brands = append(brands, strings.Join([]string{b.Brand, strconv.Itoa(b.Count), strconv.Itoa(int(b.Amount))}, " "))
				}
				switch {
				case c.money != "" && (pos.MoneyOf(err) != c.money || commits != 0):
					t.Errorf("%+v, %v; %d commits", got, err, commits)
				case c.money == "" && (err != nil || got.Amount != c.amount || strings.Join(brands, ", ") != c.brands || commits != 1):
					t.Errorf("%+v, %v; %d commits", got, err, commits)
				}
				if strings.Count(r.text(), "50") != 1 {
					t.Errorf("said %s", r.text())
				}
			})
		})
	}
}
