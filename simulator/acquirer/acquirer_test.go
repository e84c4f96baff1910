package acquirer_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tillproof/tillproof/pos"
	bank "github.com/tillproof/tillproof/simulator/acquirer"
	"github.com/tillproof/tillproof/sync/acquirer"
)

const ref = "0190a6b4c2d37e8f9a0b1c2d3e4f5061"

func euros(m pos.Minor) pos.Money { return pos.Money{Amount: m, Currency: "EUR"} }

func order() acquirer.Order {
	return acquirer.Order{Ref: ref, Till: "till-1", OrderRef: "O-1", Amount: euros(500), Scheme: "wechat"}
}

// play is one acquirer and what it told its observer.
type play struct {
	*bank.Acquirer
	t       *testing.T
	mu      sync.Mutex
	moments []string // guarded by mu
}

func newPlay(t *testing.T) *play {
	p := &play{Acquirer: bank.New(), t: t}
	p.Observe(func(e bank.Event) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.moments = append(p.moments, string(e.Moment))
	})
	return p
}

// step makes one call and says what came of it: the state with its money, "unclear", or the payload.
func (p *play) step(name string) string {
	ctx, cancel := context.WithTimeout(p.t.Context(), 10*time.Second)
	defer cancel()
	word, detail, _ := strings.Cut(name, " ")
	o := order()
	switch detail {
	case "other":
		o.Ref = strings.Repeat("a", 32)
	case "dearer":
		o.Amount = euros(501)
	}
	var a acquirer.Answer
	var err error
	switch word {
	case "authorise":
		a, err = p.Authorise(ctx, o, "131234567890123456")
	case "query":
		a, err = p.Query(ctx, o.Ref)
	case "cancel":
		a, err = p.Cancel(ctx, o.Ref)
	case "refund":
		var amount pos.Minor
		var id string
		if _, err := fmt.Sscanf(detail, "%s %d", &id, &amount); err != nil {
			p.t.Fatal(err)
		}
		a, err = p.Refund(ctx, o.Ref, id, euros(amount))
	case "issue":
		issued, err := p.Issue(ctx, o, time.Minute)
		return outcome(issued.Payload, err)
	case "expect":
		return outcome("expected", p.Expect(ctx, o, "REF1"))
	case "wait":
		d, err := time.ParseDuration(detail)
		if err != nil {
			p.t.Fatal(err)
		}
		time.Sleep(d)
		synctest.Wait()
		return ""
	case "pay", "refuse":
		return outcome("ok", p.Pay(o.Ref, word == "pay", 0))
	case "money":
		return outcome("ok", p.PayLocal("REF1", euros(500)))
	default:
		p.t.Fatalf("step %q", name)
	}
	text := string(a.State)
	if a.State.HasMoney() {
		text = fmt.Sprintf("%s %d", a.State, a.Amount.Amount)
	}
	return outcome(text, err)
}

func outcome(text string, err error) string {
	switch {
	case errors.Is(err, bank.ErrNoOrder):
		return "no order"
	case err != nil:
		return "unclear"
	}
	return text
}

// TestStories: each is a customer, and what the caller sees step by step.
func TestStories(t *testing.T) {
	stories := []struct {
		name     string
		customer *bank.Customer // nil for none planned
		steps    string         // "call = outcome", separated by commas
		net      pos.Minor
		moments  string
	}{
		{"pays at once", &bank.Customer{}, "query = absent, authorise = paid 500, query = paid 500, authorise = paid 500", 500, "opened charged"},
		{"unplanned pays at once", nil, "authorise = paid 500", 500, "opened charged"},
		{"declines", &bank.Customer{Declines: true}, "authorise = declined, cancel = declined, query = declined", 0, "opened refused"},
		{"types a password", &bank.Customer{After: 7 * time.Second},
			"authorise = waiting, query = waiting, wait 8s, query = paid 500", 500, "opened charged"},
		{"never decides", &bank.Customer{Never: true},
			"authorise = waiting, wait 1h, query = waiting, cancel = closed, query = closed, cancel = closed", 0, "opened shut"},
		{"decides too late", &bank.Customer{After: time.Minute}, "authorise = waiting, cancel = closed, wait 2m, query = closed", 0, "opened shut"},
		{"the same code twice", nil, "authorise other = paid 500, authorise = declined", 0, "opened charged opened code_used"},
		{"the same ref for another order", nil, "authorise = paid 500, authorise dearer = declined, query = paid 500", 500, "opened charged"},
		{"request lost", &bank.Customer{LoseRequests: 1}, "authorise = unclear, query = absent, cancel = closed", 0, "request_lost buried"},
		{"answer lost", &bank.Customer{LoseAnswers: 1}, "authorise = unclear, query = paid 500", 500, "answer_lost opened charged"},
		{"answer lost, queries unclear", &bank.Customer{LoseAnswers: 1, LoseQueries: 2, Hang: true},
			"authorise = unclear, query = unclear, query = unclear, query = paid 500", 500, "answer_lost opened charged query_lost query_lost"},
		{"request overtaken by its cancel", &bank.Customer{Slow: 20 * time.Second},
			"authorise = unclear, query = absent, cancel = closed, wait 15s, query = closed", 0, "request_slow buried overtaken"},
		{"request only slow", &bank.Customer{Slow: 5 * time.Second}, "authorise = paid 500", 500, "request_slow opened charged"},
		{"pays before the cancel", &bank.Customer{Never: true, BeforeCancel: true},
			"authorise = waiting, query = waiting, cancel = reversed 500, cancel = reversed 500, query = reversed 500", 0,
			"opened snatched reverted"},
		{"cancel times out twice", &bank.Customer{LoseCancels: 2, Hang: true},
			"authorise = paid 500, cancel = unclear, cancel = unclear, cancel = reversed 500", 0,
			"opened charged reverted cancel_lost cancel_lost"},
		{"pays late", &bank.Customer{Never: true, Late: time.Hour},
			"authorise = waiting, cancel = closed, wait 1h, query = paid 500, refund R1 500 = refunded 500, query = refunded 500", 0,
			"opened shut charged_late given_back"},
		{"declines and pays late", &bank.Customer{Declines: true, Late: time.Hour},
			"authorise = declined, wait 1h, query = paid 500", 500, "opened refused charged_late"},
		{"refund's answer lost", &bank.Customer{LoseRefunds: 1},
			"authorise = paid 500, refund R1 500 = unclear, refund R1 500 = refunded 500", 0, "opened charged given_back refund_lost"},
		{"refunds in part", nil, "authorise = paid 500, refund R1 200 = refunded 200, query = paid 300, refund R2 400 = declined, " +
			"refund R2 300 = refunded 300, query = refunded 500, refund R3 1 = declined", 0, "opened charged given_back given_back"},
		{"refund of nothing", nil, "refund R1 500 = absent, cancel = closed, refund R1 500 = declined", 0, "buried"},
		{"QR paid by hand", nil, "issue = weixin://wxpay/bizpayurl?pr=0190a6b4c2d37e8f9a0b1c2d3e4f5061, query = waiting, pay = ok, query = paid 500, pay = no order", 500,
			"opened charged"},
		{"QR refused by hand", nil, "pay = no order, issue = weixin://wxpay/bizpayurl?pr=0190a6b4c2d37e8f9a0b1c2d3e4f5061, refuse = ok, query = declined", 0,
			"opened refused"},
		{"QR paid in time", &bank.Customer{After: 30 * time.Second},
			"issue = weixin://wxpay/bizpayurl?pr=0190a6b4c2d37e8f9a0b1c2d3e4f5061, wait 30s, query = paid 500", 500, "opened charged"},
		{"QR scanned after its end", nil, "issue = weixin://wxpay/bizpayurl?pr=0190a6b4c2d37e8f9a0b1c2d3e4f5061, wait 1m, pay = ok, query = waiting, cancel = closed", 0,
			"opened shut"},
		{"QR with another amount", &bank.Customer{After: time.Second, Amount: 300},
			"issue = weixin://wxpay/bizpayurl?pr=0190a6b4c2d37e8f9a0b1c2d3e4f5061, wait 1s, query = paid 300, cancel = reversed 300", 0, "opened charged reverted"},
		{"QR issued once", &bank.Customer{Never: true, LoseAnswers: 1}, "issue = unclear, issue = weixin://wxpay/bizpayurl?pr=0190a6b4c2d37e8f9a0b1c2d3e4f5061", 0,
			"answer_lost opened"},
		{"QR after its cancel", nil, "cancel = closed, issue = unclear, query = closed", 0, "buried overtaken"},
		{"QR of the till paid", nil, "expect = expected, query = waiting, money = ok, query = paid 500, expect = expected", 500, "opened charged"},
		{"QR of the till paid before it was announced", nil, "money = ok, query = absent, expect = expected, query = paid 500", 500,
			"loose opened charged"},
		{"QR of the till cannot be cancelled", nil, "expect = expected, cancel = waiting, money = ok, query = paid 500", 500, "opened charged"},
		{"QR of the till paid twice", nil, "money = ok, money = ok, expect = expected, money = ok, query = paid 1500", 1500,
			"loose loose opened charged charged"},
	}
	for _, story := range stories {
		t.Run(story.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPlay(t)
				if story.customer != nil {
					p.Plan(ref, *story.customer)
				}
				for _, line := range strings.Split(story.steps, ", ") {
					name, want, _ := strings.Cut(line, " = ")
					if got := p.step(name); got != want {
						t.Errorf("%s: %s, want %s", name, got, want)
					}
				}
				account, _ := p.Account(ref)
				if account.Net.Amount != story.net {
					t.Errorf("net %s, want %d", account.Net, story.net)
				}
				p.mu.Lock()
				defer p.mu.Unlock()
				if got := strings.Join(p.moments, " "); got != story.moments {
					t.Errorf("moments %q, want %q", got, story.moments)
				}
			})
		})
	}
}

func TestNextCode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlay(t)
		p.NextCode(bank.Customer{Declines: true})
		p.NextCode(bank.Customer{After: time.Minute})
		o := order()
		for i, want := range []acquirer.State{acquirer.Declined, acquirer.Waiting, acquirer.Paid} {
			o.Ref = fmt.Sprintf("%032x", i)
			if a, err := p.Authorise(t.Context(), o, fmt.Sprint("code ", i)); err != nil || a.State != want {
				t.Errorf("code %d: %s, %v; want %s", i, a.State, err, want)
			}
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if a, err := p.Query(t.Context(), fmt.Sprintf("%032x", 1)); err != nil || a.State != acquirer.Paid {
			t.Errorf("%+v, %v", a, err)
		}
	})
}

// TestPayAfter: what is decided meanwhile stays.
func TestPayAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlay(t)
		p.step("issue")
		if err := p.Pay(ref, true, 2*time.Second); err != nil {
			t.Fatal(err)
		}
		if err := p.Pay(ref, false, time.Second); err != nil {
			t.Fatal(err)
		}
		p.step("wait 3s")
		if got := p.step("query"); got != "declined" {
			t.Errorf("%s, want declined", got)
		}
	})
}

func TestTotals(t *testing.T) {
	p := newPlay(t)
	o := order()
	for i, scheme := range []string{"wechat", "alipay", "unionpay", "other"} {
		o.Ref, o.Scheme = fmt.Sprintf("%032x", i), scheme
		if _, err := p.Authorise(t.Context(), o, scheme); err != nil {
			t.Fatal(err)
		}
		o.Ref = fmt.Sprintf("%032x", 10+i)
		issued, err := p.Issue(t.Context(), o, time.Minute)
		if err != nil || p.Pay(o.Ref, true, 0) != nil || issued.Payload == "" {
			t.Fatal(issued, err)
		}
	}
	if _, err := p.Refund(t.Context(), fmt.Sprintf("%032x", 0), "R1", euros(100)); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Cancel(t.Context(), fmt.Sprintf("%032x", 11)); err != nil {
		t.Fatal(err)
	}
	for _, money := range []pos.Money{euros(7), {Amount: 9, Currency: "CNY"}} {
		if err := p.PayLocal("LOOSE-"+string(money.Currency), money); err != nil {
			t.Fatal(err)
		}
	}
	want := pos.Totals{pos.Code: {"EUR": {Count: 4, Amount: 1900}}, pos.QR: {"EUR": {Count: 4, Amount: 1507}, "CNY": {Count: 1, Amount: 9}}}
	if got, err := p.Totals(); err != nil || !got.Equal(want) {
		t.Errorf("%v, %v; want %v", got, err, want)
	}
	if n := len(p.Accounts()); n != 8 {
		t.Errorf("%d accounts", n)
	}
	if _, known := p.Account(ref); known {
		t.Error("an account of nothing")
	}
}

func TestMoneyOfAnotherCurrency(t *testing.T) {
	p := newPlay(t)
	yuan := pos.Money{Amount: 5, Currency: "CNY"}
	if err := p.PayLocal("REF2", euros(5)); err != nil {
		t.Fatal(err)
	}
	if err := p.PayLocal("REF2", yuan); !errors.Is(err, bank.ErrCurrency) {
		t.Errorf("loose: %v", err)
	}
	p.step("expect")
	if err := p.PayLocal("REF1", yuan); !errors.Is(err, bank.ErrCurrency) {
		t.Errorf("expected: %v", err)
	}
}

// TestLostCallsHangUntilTheirContextEnds, however long their caller waits.
func TestLostCallsHangUntilTheirContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlay(t)
		p.Plan(ref, bank.Customer{LoseRequests: 1, Hang: true})
		start := time.Now()
		if got := p.step("authorise"); got != "unclear" || time.Since(start) != 10*time.Second {
			t.Errorf("%s after %s", got, time.Since(start))
		}
	})
}
