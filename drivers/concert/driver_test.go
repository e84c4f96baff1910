package concert

import (
	"strings"
	"testing"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/concert/codec"
	"github.com/tillproof/tillproof/pos"
)

func made(t *testing.T, conn drivers.Conn, stream bool, options map[string]string) *terminal {
	t.Helper()
	d, err := newTerminal(conn, drivers.Settings{Currency: "EUR", Stream: stream, Options: options})
	if err != nil {
		t.Fatal(err)
	}
	if v, ok := d.(tagged); ok {
		return v.terminal
	}
	return d.(*terminal)
}

func euros(n pos.Minor) pos.Money { return pos.Money{Amount: n, Currency: "EUR"} }

func TestGoldenRequests(t *testing.T) {
	for _, c := range []struct {
		options map[string]string
		what    drivers.Transaction
		want    string
		check   byte
	}{
		{map[string]string{"register": "2", "answer": "full", "private": "off"}, drivers.SaleOf, "0200001990110978          A010B010", 0x05},
		{map[string]string{"generation": "v3", "register": "3", "protocol_id": "000000000042", "private": "off"}, drivers.SaleOf,
			"CZ0040300CJ012000000000042CA00203CE003978BA0010CD0010CB0041990", 0x11},
		{nil, drivers.VoidOf, "0100001990012978" + drivers.Ticket("a", 10) + "A010B010", 0},
		{map[string]string{"refund_type": "2", "authorisation": "online", "means": "2"}, drivers.RefundOf, "0100001990022978" + drivers.Ticket("a", 10) + "A010B011", 0},
	} {
		term := made(t, nil, false, c.options)
		got := string(term.request(term.order(c.what, euros(1990), "a")))
		if got != c.want {
			t.Errorf("%q\nnot %q", got, c.want)
		}
		if check := codec.Rules().Check([]byte(got)); c.check != 0 && check != c.check {
			t.Errorf("%q: check %02x, not %02x", got, check, c.check)
		}
	}
	term := made(t, nil, false, map[string]string{"generation": "v3"})
	if got := string(term.request(term.order(drivers.SaleOf, euros(5), "a"))); !strings.HasSuffix(got, "CB00205") {
		t.Errorf("%q: CB has at least two digits", got)
	}
}

func TestOptions(t *testing.T) {
	for name, values := range map[string][]string{
		"generation": {"e+", ""}, "register": {"0", "100", "x"}, "answer": {"1"}, "means": {"", "12", "é"}, "application": {"1"}, "authorisation": {"B010"},
		"void_type": {"0"}, "refund_type": {"3"}, "version": {"0200"}, "protocol_id": {"1", "12345678901x"}, "private": {"yes"}, "status_query": {"payxpert", "yes"},
		"probe": {"yes"}, "without_ack": {"yes"}, "amount_min": {"0", "x", "100000000"}, "amount_max": {"0", "100000000"}, "ack_wait_s": {"0", "31"},
		"answer_wait_s": {"29", "3601"}, "unheard_of": {"1"},
	} {
		for _, v := range values {
			if _, err := readOptions(map[string]string{name: v}); err == nil {
				t.Errorf("%s=%q was taken", name, v)
			}
		}
	}
	if _, err := readOptions(map[string]string{"generation": "v3", "status_query": "payxpert", "private": "off"}); err == nil {
		t.Error("a question without a name was taken")
	}
	if _, err := newTerminal(nil, drivers.Settings{Currency: "EUR", Stream: true}); err == nil {
		t.Error("E+ over TCP was taken")
	}
}

func TestAmountLimits(t *testing.T) {
	term := made(t, nil, false, map[string]string{"amount_min": "100", "amount_max": "9999999"})
	for amount, ok := range map[pos.Minor]bool{99: false, 100: true, 9999999: true, 10000000: false} {
		if err := term.payable(euros(amount)); (err == nil) != ok {
			t.Errorf("%d: %v", amount, err)
		}
	}
	if err := made(t, nil, false, nil).payable(euros(100_000_000)); pos.MoneyOf(err) != pos.NoneMoved {
		t.Errorf("nine digits: %v", err)
	}
}

func TestWhatIsLackedFollowsTheOptions(t *testing.T) {
	for _, c := range []struct {
		options map[string]string
		f       drivers.Function
		can     bool
	}{
		{nil, drivers.Reprinting, false}, {nil, drivers.TellingAborts, false}, {nil, drivers.Voiding, true}, {nil, drivers.RecoverSales, false},
		{map[string]string{"generation": "v3"}, drivers.Reprinting, true}, {map[string]string{"generation": "v3"}, drivers.TellingAborts, true},
		{map[string]string{"generation": "v3"}, drivers.RecoverSales, false}, {map[string]string{"generation": "v3"}, drivers.Settling, false},
		{map[string]string{"generation": "v3", "status_query": "payxpert"}, drivers.RecoverRefunds, true},
	} {
		if got := Driver().Can(c.f, drivers.Settings{Options: c.options}); got != c.can {
			t.Errorf("%v %s: %v", c.options, c.f, got)
		}
	}
}
