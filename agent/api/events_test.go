package api_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tillproof/tillproof/agent/engine"
	"github.com/tillproof/tillproof/simulator/zvtsim"
)

// inStream is inTill with a server and a listener that has just got its first status.
func inStream(t *testing.T, test func(s *till, p *pipes, l *listener)) {
	t.Helper()
	inTill(t, func(s *till) {
		p, stop := s.serve()
		l := listen(t, p.dial(), "")
		if first := <-l.events; first.name != "retry" || first.data != "500" {
			t.Errorf("%+v", first)
		}
		if status := <-l.events; status.name != "status" || status.member("till") != "till-1" || status.id != s.place() {
			t.Errorf("%+v", status)
		}
		test(s, p, l)
		l.close()
		if took := stop(); took > 100*time.Millisecond {
			t.Errorf("the end took %s", took)
		}
	})
}

// place is the id of an event about the last record.
func (s *till) place() string {
	head := s.journal.Head()
	return fmt.Sprintf("%s.%d", head.Epoch, head.Seq)
}

func TestAPaymentIsToldAtOnce(t *testing.T) {
	inStream(t, func(s *till, _ *pipes, l *listener) {
		sold := s.post(cashSale)
		e := l.next("payment")
		if e.data != strings.TrimSpace(sold.body) || e.id != s.place() || time.Since(e.at) != 0 {
			t.Errorf("%+v, want %s", e, sold.body)
		}
	})
}

func TestTheTerminalsWordsAreTold(t *testing.T) {
	inStream(t, func(s *till, _ *pipes, l *listener) {
		s.pt.Next(zvtsim.Card{After: 5 * time.Second})
		s.ask(http.MethodPost, "/v1/payments?wait=30s", card("A-1", 100)).is(201)
		<-time.After(time.Second)
		var states, words []string
		for _, e := range l.rest() {
			switch e.name {
			case "payment":
				states = append(states, e.member("status"))
				if e.id == "" {
					words = append(words, e.member("next"))
				}
			case "device":
				states = append(states, e.member("name")+" "+e.member("state"))
			}
		}
		if got := fmt.Sprint(states); !strings.HasPrefix(got, "[pending") || !strings.HasSuffix(got, "approved counter ready]") || !strings.Contains(got, "counter busy") {
			t.Errorf("%v", got)
		}
		if len(words) == 0 || !strings.Contains(words[0], `"wait"`) {
			t.Errorf("what the terminal shows meanwhile: %v", words)
		}
	})
}

func TestModeAndDevicesAreTold(t *testing.T) {
	inStream(t, func(s *till, _ *pipes, l *listener) {
		id := s.sell("qr", "Q-1", "").text("id")
		if e := l.next("payment"); e.member("id") != id || !strings.Contains(e.data, "not_confirmed") {
			t.Errorf("%+v", e)
		}
		s.sync.set("online")
		began := time.Now()
		e := l.next("status")
		if e.member("mode") != "online" || e.at.Sub(began) > 500*time.Millisecond || e.id != "" {
			t.Errorf("after %s: %+v", e.at.Sub(began), e)
		}
		if e = l.next("payment"); e.member("id") != id || !strings.Contains(e.data, "customer_pays") || e.id != "" {
			t.Errorf("the next step of an open payment: %+v", e)
		}
		s.unplug()
		if e = l.next("device"); e.member("name") != "counter" || e.member("driver") != "zvt" || e.member("kind") != "card" || e.member("state") != "opening" {
			t.Errorf("%+v", e)
		}
		if e = l.next("status"); !strings.Contains(e.member("devices"), `"opening"`) {
			t.Errorf("%+v", e)
		}
		<-time.After(10 * time.Second)
		if more := l.rest(); len(more) > 0 {
			t.Errorf("nothing had changed: %+v", more)
		}
		s.plug()
	})
}

func TestAcknowledgementsAreToldFourTimesASecond(t *testing.T) {
	inStream(t, func(s *till, _ *pipes, l *listener) {
		for n := range 100 {
			s.post(fmt.Sprintf(`{"order":"A-%d","amount":1,"currency":"EUR","tender":"cash"}`, n))
			s.journal.Acknowledge([]byte("proof"), s.journal.Head())
			<-time.After(20 * time.Millisecond)
		}
		<-time.After(time.Second)
		var acks, payments []event
		for _, e := range l.rest() {
			switch e.name {
			case "ack":
				acks = append(acks, e)
			case "payment":
				payments = append(payments, e)
			}
		}
		if len(payments) != 100 || len(acks) < 4 || len(acks) > 9 {
			t.Fatalf("%d payments, %d acks", len(payments), len(acks))
		}
		if last := acks[len(acks)-1]; last.member("acked_seq") != fmt.Sprint(s.journal.Head().Seq) || last.member("backlog") == "" {
			t.Errorf("%+v", last)
		}
	})
}

func TestABeatEverySecond(t *testing.T) {
	inStream(t, func(_ *till, _ *pipes, l *listener) {
		last := time.Now()
		for range 5 {
			if e := l.next(": beat"); e.at.Sub(last) != time.Second {
				t.Errorf("after %s", e.at.Sub(last))
			} else {
				last = e.at
			}
		}
	})
}

func TestScansReachEveryListener(t *testing.T) {
	inStream(t, func(s *till, p *pipes, l *listener) {
		second := listen(t, p.dial(), "")
		s.ask(http.MethodPost, "/v1/scan", `{"text":"tea"}`).is(202)
		s.options.Hub.Scan(s.engine.Scanned("gun", "nothing", "EAN-13"))
		for _, l := range []*listener{l, second} {
			e := l.next("scan")
			if e.member("item") != `{"code":"tea","currency":"EUR","name":"Tea & milk","price":300}` && !strings.Contains(e.data, `"price":300`) ||
				e.member("kind") != "goods" || e.member("text") != "tea" || e.member("device") != "" || e.member("at") == "" {
				t.Errorf("%+v", e)
			}
			e = l.next("scan")
			if e.member("kind") != "other" || e.member("device") != "gun" || e.member("symbology") != "EAN-13" || e.member("note") == "" || e.member("item") != "" {
				t.Errorf("%+v", e)
			}
		}
		s.sync.set("online")
		id := s.sell("code", "C-1", "").text("id")
		s.options.Hub.Scan(s.engine.Scanned("gun", customerCode, "QR"))
		e := l.next("scan")
		if e.member("kind") != "payment_code" || e.member("payment") != id || e.member("text") != "" || strings.Contains(e.data, customerCode) {
			t.Errorf("%+v", e)
		}
		s.options.Hub.Scan(engine.Scan{Kind: engine.ScannedCode, Text: customerCode})
		if e = l.next("scan"); strings.Contains(e.data, customerCode) {
			t.Errorf("a secret is told: %+v", e)
		}
		second.close()
		s.ask(http.MethodPost, "/v1/scan", `{"text":"tea"}`).is(202) // nobody waits for who has gone
		l.next("scan")
	})
}

func TestASlowListenerHoldsNobodyUp(t *testing.T) {
	inStream(t, func(s *till, p *pipes, l *listener) {
		deaf := p.dial() // a pipe holds nothing: one write, and the till would wait
		if _, err := io.WriteString(deaf, "GET /v1/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer "+token+"\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		for n := range 200 {
			s.post(fmt.Sprintf(`{"order":"A-%d","amount":1,"currency":"EUR","tender":"cash"}`, n)).is(201)
			s.options.Hub.Scan(s.engine.Scanned("gun", "tea", ""))
			synctest.Wait()
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("selling took %s", took)
		}
		<-time.After(6 * time.Second)
		synctest.Wait()
		if n, err := io.Copy(io.Discard, deaf); err != nil {
			t.Errorf("%d bytes, then %v", n, err)
		}
		if n := len(l.rest()); n < 400 {
			t.Errorf("the other listener got %d events", n)
		}
	})
}

func TestTheEndOfTheTillEndsStreamsAtOnce(t *testing.T) {
	inTill(t, func(s *till) {
		p, stop := s.serve()
		l := listen(t, p.dial(), "")
		l.next("status")
		if took := stop(); took > 600*time.Millisecond { // Shutdown looks for idle connections now and then
			t.Errorf("the end took %s", took)
		}
		<-l.ended
	})
}

func TestAHeadAndAFaultAreAnsweredShortly(t *testing.T) {
	inTill(t, func(s *till) {
		if a := s.ask(http.MethodHead, "/v1/events", "").is(200); a.body != "" || a.header.Get("Content-Type") != "text/event-stream" {
			t.Errorf("%v %q", a.header, a.body)
		}
		s.options.Data = s.dir + "/gone"
		s.remake()
		s.ask(http.MethodGet, "/v1/events", "").problem(500, "internal", "unknown")
	})
}
