package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/agent/engine"
	"github.com/tillproof/tillproof/agent/people"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/zvtsim"
)

// boss is the only person of a test till.
type boss struct{}

func (boss) Verify(id pos.PersonID, pin string, _ people.Role) (people.Person, error) {
	if id == "boss" && pin == "2580" {
		return people.Person{ID: id, Role: people.Supervisor}, nil
	}
	return people.Person{}, pos.NewError("pin_wrong", pos.Permanent, pos.NoneMoved, "The PIN is wrong.", "Try again.").With("tries_left", 4)
}

// on asks for something about a payment.
func (s *till) on(id, what, body string) answer {
	s.t.Helper()
	return s.ask(http.MethodPost, "/v1/payments/"+id+"/"+what, body)
}

// operation is the n-th operation of the answer.
func (a answer) operation(n int) map[string]any {
	a.t.Helper()
	list, _ := a.member["operations"].([]any)
	if n >= len(list) {
		a.t.Fatalf("no operation %d in %s", n, a.body)
	}
	o, _ := list[n].(map[string]any)
	return o
}

func (a answer) next() string {
	step, _ := a.member["next"].(map[string]any)
	code, _ := step["code"].(string)
	return code
}

func TestAVoidOverTheAPI(t *testing.T) {
	inTill(t, func(s *till) {
		id := s.ask(http.MethodPost, "/v1/payments?wait=60s", card("V-1", 1000)).is(201).text("id")
		const body = `{"operation":"void-1","cashier":"anna"}`
		first := s.on(id, "void?wait=60s", body).is(201)
		if o := first.operation(0); first.text("status") != "voided" || first.next() != "retry" || o["id"] != "void-1" || o["kind"] != "void" ||
			o["status"] != "done" || fmt.Sprint(o["amount"]) != "1000" || o["trace"] == nil {
			t.Errorf("%s", first.body)
		}
		if again := s.on(id, "void", body).is(200); again.body != first.body {
			t.Errorf("the same again gives %s", again.body)
		}
		s.on(id, "refunds", `{"operation":"void-1"}`).problem(409, "operation_conflict", "none_moved")
		s.on(id, "void", `{"operation":"void-2"}`).problem(409, "not_refundable", "none_moved")
		s.on(id, "void", `{"operation":""}`).problem(422, "request_invalid", "none_moved")
		s.on(id, "void", `{"operation":"x","cashier":"No Person"}`).problem(422, "request_invalid", "none_moved")
		s.on("00000000-0000-7000-8000-000000000000", "void", body).problem(404, "not_found", "none_moved")
	})
}

func TestRefundsOverTheAPI(t *testing.T) {
	inTill(t, func(s *till) {
		sale := s.post(cashSale).is(201)
		id := sale.text("id")
		part := s.on(id, "refunds", `{"operation":"r-1","amount":250,"reason":"broken"}`).is(201)
		if o := part.operation(0); part.text("status") != "partly_refunded" || fmt.Sprint(part.member["refunded_amount"]) != "250" || o["note"] != "broken" ||
			o["tender"] != "cash" || fmt.Sprint(o["handed_amount"]) != "250" || fmt.Sprint(part.member["returnable"]) != "1000" {
			t.Errorf("%s", part.body)
		}
		if a := s.on(id, "refunds", `{"operation":"r-2","amount":1001}`).problem(422, "refund_exceeds", "none_moved"); fmt.Sprint(a.member["returnable"]) != "1000" {
			t.Errorf("%s", a.body)
		}
		if a := s.on(id, "refunds", `{"operation":"r-2"}`).is(201); a.text("status") != "refunded" || a.member["returnable"] != nil {
			t.Errorf("%s", a.body)
		}
		s.on(id, "refunds", `{"operation":"r-1","amount":250,"reason":"broken"}`).is(200)
		s.on(id, "refunds", `{"operation":"r-1","amount":251,"reason":"broken"}`).problem(409, "operation_conflict", "none_moved")
		paid := s.ask(http.MethodPost, "/v1/payments?wait=60s", card("R-1", 1000)).is(201).text("id")
		if a := s.on(paid, "refunds", `{"operation":"r"}`).problem(403, "offline_refused", "none_moved"); a.text("rule") != "refund_online_only" {
			t.Errorf("%s", a.body)
		}
		s.on(paid, "refunds", `{"operation":"r","tender":"cash"}`).is(201)
	})
}

func TestALostVoidIsAskedForOverTheAPI(t *testing.T) {
	inTill(t, func(s *till) {
		id := s.ask(http.MethodPost, "/v1/payments?wait=60s", card("L-1", 1000)).is(201).text("id")
		s.pt.Observe(func(e zvtsim.Event) {
			if e.Moment == zvtsim.Sending && e.Command == "06 0f" {
				s.wire.Close()
			}
		})
		a := s.on(id, "void?wait=60s", `{"operation":"v"}`).is(201)
		if a.text("status") != "approved" || a.operation(0)["status"] != "unknown" || a.next() != "wait_terminal" {
			t.Errorf("%s", a.body)
		}
		s.pt.Observe(nil)
		if list := s.ask(http.MethodGet, "/v1/status", "").is(200); !strings.Contains(list.body, id) {
			t.Errorf("the status does not name the payment: %s", list.body)
		}
		<-s.ended
		s.on(id, "ask", "").problem(503, "device_unavailable", "unknown")
		go s.plug() // until it is ready, which takes longer than this
		for s.engine.Devices()[0].State != engine.Busy {
			<-time.After(100 * time.Millisecond)
		}
		a = s.on(id, "ask?wait=10s", "").is(200)
		if a.operation(0)["status"] != "unknown" || a.text("ask_again_at") == "" || a.next() != "wait_terminal" {
			t.Errorf("believed early: %s", a.body)
		}
		for a.operation(0)["status"] == "unknown" {
			<-time.After(time.Second)
			a = s.ask(http.MethodGet, "/v1/payments/"+id, "").is(200)
		}
		if a.text("status") != "voided" || a.operation(0)["status"] != "done" {
			t.Errorf("%s", a.body)
		}
	})
}

func TestASupervisorResolvesOverTheAPI(t *testing.T) {
	inTill(t, func(s *till) {
		s.people = boss{}
		s.restart()
		s.pt.Next(zvtsim.Card{Do: zvtsim.LoseResult, Tip: 50, TipUntold: true})
		id := s.ask(http.MethodPost, "/v1/payments?wait=60s", card("S-1", 1000)).is(201).text("id")
		good := `{"status":"approved","evidence":{"kind":"slip","text":"slip 0001"},"supervisor":"boss","pin":"2580","cashier":"anna"}`
		s.on(id, "resolve", strings.Replace(good, "2580", "0000", 1)).problem(403, "pin_wrong", "none_moved")
		s.on(id, "resolve", strings.Replace(good, "slip 0001", " ", 1)).problem(422, "request_invalid", "none_moved")
		s.on(id, "resolve", strings.Replace(good, `"slip"`, `"a guess"`, 1)).problem(422, "request_invalid", "none_moved")
		a := s.on(id, "resolve", `{"status":"unknown","evidence":{"kind":"evidence_abandoned"},"supervisor":"boss","pin":"2580"}`).is(200)
		if a.text("status") != "unknown" || a.next() != "given_up" || fmt.Sprint(a.member["unwanted"]) != "true" {
			t.Errorf("%s", a.body)
		}
		if a := s.on(id, "resolve", good).is(200); a.text("status") != "approved" || a.next() != "refund" || strings.Contains(a.body, "2580") {
			t.Errorf("%s", a.body)
		}
		s.on(id, "resolve", good).problem(409, "not_resolvable", "none_moved")
	})
}

func TestNobodyResolvesWhereNobodyIsSetUp(t *testing.T) {
	inTill(t, func(s *till) {
		s.pt.Next(zvtsim.Card{Do: zvtsim.LoseResult})
		id := s.ask(http.MethodPost, "/v1/payments?wait=60s", card("S-1", 1000)).is(201).text("id")
		s.on(id, "resolve", `{"status":"approved","evidence":{"kind":"slip","text":"x"},"supervisor":"boss","pin":"2580"}`).problem(403, "no_people", "none_moved")
	})
}
