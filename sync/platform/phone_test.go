package platform

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tillproof/tillproof/pos"
	simulated "github.com/tillproof/tillproof/simulator/acquirer"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/acquirer"
	"github.com/tillproof/tillproof/sync/broker"
	"github.com/tillproof/tillproof/sync/broker/brokertest"
	"github.com/tillproof/tillproof/sync/calls"
	"github.com/tillproof/tillproof/sync/mqtt"
	"github.com/tillproof/tillproof/sync/outbox/outboxtest"
	"github.com/tillproof/tillproof/sync/wire"
)

const bearer = "between platform and acquirer"

// quick is a wallet whose times suit a test.
const quick = "wallet:\n  first_query_ms: 30\n  call_timeout_s: 2\n  watch_s: [1, 2]\n  rules:\n" +
	"    wechat: {interval_ms: 30, give_up_s: 1, cancel_after_s: 0}\n    alipay: {interval_ms: 30, give_up_s: 600}\n    promptpay: {interval_ms: 30}\n"

// bank is a simulated acquirer behind HTTP.
type bank struct {
	*simulated.Acquirer
	lines string // of platform.yaml
}

func newBank(t *testing.T, schemes ...string) *bank {
	t.Helper()
	b := &bank{Acquirer: simulated.New()}
	server := httptest.NewServer(acquirer.Handler(b, bearer))
	t.Cleanup(server.Close)
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte(bearer+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	b.lines = fmt.Sprintf("acquirers:\n  - {name: bank, url: %q, secret_file: %s, schemes: [%s]}\n", server.URL, secret, strings.Join(schemes, ", ")) + quick
	return b
}

// charged checks what the bank booked for a payment.
func (b *bank) charged(t *testing.T, payment pos.PaymentID, net pos.Minor, charges int) {
	t.Helper()
	account, _ := b.Account(refOf(payment))
	if account.Net.Amount != net || account.Charges != charges {
		t.Errorf("the bank holds %d after %d charges, not %d after %d", account.Net.Amount, account.Charges, net, charges)
	}
}

func refOf(payment pos.PaymentID) string { return strings.ReplaceAll(payment.String(), "-", "") }

// phone is a till that calls. Its journal is a script.
type phone struct {
	*calls.Caller
	t    *testing.T
	s    *stage
	j    *outboxtest.Journal
	deaf atomic.Bool // loses what the platform sends
	news []wire.Outcome
}

// call connects a till that calls.
func (s *stage) call(j *outboxtest.Journal) *phone {
	s.t.Helper()
	signer, err := cose.Load(s.config.Keys)
	if err != nil {
		s.t.Fatal(err)
	}
	codec, err := wire.NewCodec()
	if err != nil {
		s.t.Fatal(err)
	}
	p := &phone{t: s.t, s: s, j: j, Caller: calls.New(calls.Options{Till: j.Till, Merchant: "shop", Signer: j.Signer,
		Platform: cose.OneKey(signer.Public()), Codec: codec, Log: slog.New(slog.DiscardHandler)})}
	on := wire.Topic{Merchant: "shop", Till: j.Till}
	options := mqtt.Options{Broker: "tcp://" + s.addr, ClientID: "caller-" + string(j.Till), User: string(j.Till), Scale: 0.05,
		Subscribe: []string{on.On(wire.DownReply), on.On(wire.DownEvent)}, Handler: func(topic string, message []byte) {
			switch {
			case p.deaf.Load():
			case topic == on.On(wire.DownReply):
				p.Receive(message)
			default:
				p.Hint(message)
			}
		}}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = mqtt.Keep(ctx, options, func(ctx context.Context, c *mqtt.Conn) error {
			p.Attach(ctx, c)
			<-ctx.Done()
			return ctx.Err()
		})
	}()
	s.t.Cleanup(func() { cancel(); <-ended })
	s.until("the till is connected", p.Connected)
	return p
}

// buy commits an intent and returns its payment and bytes.
func (p *phone) buy(n int, tender pos.Tender, scheme string) (pos.PaymentID, []byte) {
	intent := &record.Intent{Payment: paymentID(n), Order: pos.OrderRef(fmt.Sprint("order-", n)), Attempt: 1, Amount: pos.Minor(n), Currency: "THB",
		Tender: tender, Mode: pos.Online}
	if tender == pos.QR {
		intent.Scheme, intent.Source = scheme, record.FromPlatform
	}
	return intent.Payment, p.j.Commit(intent)[0].Raw
}

func (p *phone) authorise(n int, scheme, code string) *wire.Call {
	payment, intent := p.buy(n, pos.Code, "")
	return &wire.Call{Op: wire.OpAuthorise, Payment: payment, Intent: intent, Scheme: scheme, Code: code}
}

// ask makes a call under a new id and wants an answer.
func (p *phone) ask(call *wire.Call) *wire.Reply {
	p.t.Helper()
	call.ID = pos.NewUUID(time.Now())
	r, err := p.Ask(p.t.Context(), call)
	if errors.Is(err, calls.ErrSilent) && call.Op != wire.OpAuthorise { // a loaded machine: what moves no money may be asked again
		r, err = p.Ask(p.t.Context(), call)
	}
	if err != nil {
		p.t.Fatalf("%s: %v", call.Op, err)
	}
	return r
}

func (p *phone) query(payment pos.PaymentID) *wire.Reply {
	p.t.Helper()
	return p.ask(&wire.Call{Op: wire.OpQuery, Payment: payment})
}

// results pulls everything behind a number and checks that the numbers have no gap.
func (p *phone) results(after uint64) (list []wire.Outcome) {
	p.t.Helper()
	for more := true; more; {
		r := p.ask(&wire.Call{Op: wire.OpResults, After: after})
		for _, o := range r.Results {
			if after++; o.N != after {
				p.t.Fatalf("result %d where %d was due", o.N, after)
			}
			list = append(list, o)
		}
		more = r.More
	}
	return list
}

// ends waits for results of a payment and wants exactly these.
func (p *phone) ends(payment pos.PaymentID, want ...pos.Status) {
	p.t.Helper()
	var got []pos.Status
	p.s.until(fmt.Sprint(want), func() bool {
		got = nil
		for _, o := range p.results(0) {
			if o.Payment == payment {
				got = append(got, o.Status)
			}
		}
		return len(got) >= len(want)
	})
	if fmt.Sprint(got) != fmt.Sprint(want) {
		p.t.Errorf("results %v, want %v", got, want)
	}
}

// hears waits for a piece of news about a payment.
func (p *phone) hears(payment pos.PaymentID, status pos.Status) wire.Outcome {
	p.t.Helper()
	var found wire.Outcome
	p.s.until(fmt.Sprintf("%s is heard of %s", status, payment), func() bool {
		for len(p.News()) > 0 {
			p.news = append(p.news, <-p.News())
		}
		for _, o := range p.news {
			if found = o; o.Payment == payment && o.Status == status {
				return true
			}
		}
		return false
	})
	return found
}

// hinted waits until a hint has named a number.
func (p *phone) hinted(n uint64) {
	p.t.Helper()
	p.s.until(fmt.Sprintf("result %d is hinted at", n), func() bool {
		for len(p.News()) > 0 {
			p.news = append(p.news, <-p.News())
		}
		for _, o := range p.news {
			if o.Payment.IsZero() && o.N >= n {
				return true
			}
		}
		return false
	})
}

// raw signs a call and publishes it under a till's topic, as often as told, without waiting for anything.
func (p *phone) raw(call *wire.Call, signer *cose.Signer, topic wire.Topic, times int) {
	p.t.Helper()
	codec, err := wire.NewCodec()
	if err != nil {
		p.t.Fatal(err)
	}
	message, err := codec.SealCall(call, signer)
	if err != nil {
		p.t.Fatal(err)
	}
	c, err := mqtt.Dial(p.t.Context(), mqtt.Options{Broker: "tcp://" + p.s.addr, ClientID: "someone-" + pos.NewUUID(time.Now()).String()[24:], User: string(topic.Till)})
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(c.Close) // not earlier: what was published may still be on its way out
	for range times {
		if err := c.Publish(p.t.Context(), topic.On(wire.UpCall), message); err != nil {
			p.t.Fatal(err)
		}
	}
}

// shop is a stage with one bank and one till that calls.
func shop(t *testing.T, start brokertest.Start, schemes ...string) (*stage, *bank, *phone) {
	t.Helper()
	if start == nil {
		start = brokertest.Embedded(broker.OwnTopics)
	}
	b := newBank(t, schemes...)
	j := outboxtest.New("till-1")
	s := newStageWith(t, start, b.lines, j)
	return s, b, s.call(j)
}
