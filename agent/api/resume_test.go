package api_test

import (
	"fmt"
	"net"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/journal"
	"github.com/tillproof/tillproof/store/record"
)

// missed opens a stream after an event and returns the payments that come before anything new happens, as their orders and ids.
func (s *till) missed(p *pipes, last string) (orders, ids []string) {
	s.t.Helper()
	l := listen(s.t, p.dial(), "", "Last-Event-ID: "+last)
	defer l.close()
	if e := l.next("status"); e.id != "" {
		s.t.Errorf("the status moves the listener on before it has what it missed: %+v", e)
	}
	<-time.After(100 * time.Millisecond)
	for _, e := range l.rest() {
		if e.name == "payment" {
			orders, ids = append(orders, e.member("order")), append(ids, e.id)
		}
	}
	return orders, ids
}

func (s *till) cash(orders ...string) {
	s.t.Helper()
	for _, order := range orders {
		s.sell("cash", order, "").is(201)
		<-time.After(time.Millisecond) // ids sort by their time
	}
}

func TestAListenerResumesWhereItWas(t *testing.T) {
	inTill(t, func(s *till) {
		p, stop := s.serve()
		s.cash("A-1")
		start := s.place()
		waits := s.sell("qr", "Q-1", "").text("id")
		s.cash("A-2", "A-3")
		s.platform.tell(waits, "approved", 1250)
		s.get(waits).at("approved", "")
		s.cash("A-4")
		orders, ids := s.missed(p, start)
		if fmt.Sprint(orders) != "[A-2 A-3 Q-1 A-4]" || ids[len(ids)-1] != s.place() {
			t.Fatalf("%v %v", orders, ids)
		}
		if orders, _ = s.missed(p, ids[1]); fmt.Sprint(orders) != "[Q-1 A-4]" {
			t.Errorf("from the middle: %v", orders)
		}
		if orders, _ = s.missed(p, s.place()); len(orders) != 0 {
			t.Errorf("nothing was missed: %v", orders)
		}
		stop()
	})
}

func TestAListenerResumesOverRestartsAndEpochs(t *testing.T) {
	inTill(t, func(s *till) {
		start := s.place()
		s.cash("A-1")
		s.restart()
		s.cash("A-2")
		if err := s.journal.Diverge("forked", s.journal.Head()); err != nil {
			t.Fatal(err)
		}
		s.cash("A-3")
		p, stop := s.serve()
		orders, ids := s.missed(p, start)
		if fmt.Sprint(orders) != "[A-1 A-2 A-3]" || ids[2] != s.place() {
			t.Fatalf("%v %v", orders, ids)
		}
		if orders, _ = s.missed(p, ids[0]); fmt.Sprint(orders) != "[A-2 A-3]" {
			t.Errorf("over the epochs: %v", orders)
		}
		stop()
	})
}

func TestAnIDThatIsNotOursIsAnsweredWithAnOverview(t *testing.T) {
	inTill(t, func(s *till) {
		waits := s.sell("qr", "OPEN", "").text("id")
		for n := range 60 {
			s.cash(fmt.Sprintf("A-%02d", n))
		}
		p, stop := s.serve()
		head := s.journal.Head()
		for _, last := range []string{"nonsense", "7", "01890000-0000-7000-8000-000000000000.1", fmt.Sprintf("%s.%d", head.Epoch, head.Seq+1),
			head.Epoch.String() + ".", head.Epoch.String() + ".-1", head.Epoch.String() + ".x", "." + fmt.Sprint(head.Seq), head.Epoch.String()} {
			orders, _ := s.missed(p, last)
			if len(orders) != 51 || orders[0] != "OPEN" || orders[1] != "A-10" || orders[50] != "A-59" {
				t.Errorf("%q: %d payments, %v", last, len(orders), orders)
			}
		}
		s.get(waits).at("pending", "not_confirmed")
		stop()
	})
}

func TestAnIDThatIsTooOldIsAnsweredWithAnOverview(t *testing.T) {
	inTill(t, func(s *till) {
		s.cash("before")
		head := s.journal.Head()
		s.cash("after")
		end := head.Seq + 10_001
		for seq := s.journal.Head().Seq; seq < end; seq = s.journal.Head().Seq {
			bodies := make([]record.Body, min(journal.CommitRecords, end-seq))
			for i := range bodies {
				bodies[i] = &record.PlatformResult{Note: "of no payment"}
			}
			if _, err := s.journal.Append(bodies...); err != nil {
				t.Fatal(err)
			}
		}
		p, stop := s.serve()
		for behind, want := range map[pos.Seq]string{10_001: "[before after]", 10_000: "[after]"} {
			if orders, _ := s.missed(p, fmt.Sprintf("%s.%d", head.Epoch, end-behind)); fmt.Sprint(orders) != want {
				t.Errorf("%d records behind: %v, want %s", behind, orders, want)
			}
		}
		stop()
	})
}

func TestTheAddressMayNameTheLastEvent(t *testing.T) {
	inTill(t, func(s *till) {
		start := s.place()
		s.cash("A-1")
		middle := s.place()
		s.cash("A-2")
		p, stop := s.serve()
		l := listen(t, p.dial(), "?last_event_id="+start)
		if e := l.next("payment"); e.member("order") != "A-1" {
			t.Errorf("%+v", e)
		}
		l.close()
		l = listen(t, p.dial(), "?last_event_id="+start, "Last-Event-ID: "+middle)
		if e := l.next("payment"); e.member("order") != "A-2" {
			t.Errorf("the header counts first: %+v", e)
		}
		l.close()
		stop()
	})
}

// A real server on TCP, in real time: a browser's stream that is cut off twice, once by a restart, shows every payment once.
func TestAStreamOverTCP(t *testing.T) {
	s := &till{t: t, dir: t.TempDir()}
	s.open()
	cookie := s.pair()
	var seen []string
	last := ""
	for life := range 3 {
		closing := make(chan struct{})
		s.options.Closing = closing
		s.remake()
		server := httptest.NewServer(s.handler)
		conn, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		more := []string{"Cookie: " + cookie, "Sec-Fetch-Site: same-origin"}
		if last != "" {
			more = append(more, "Last-Event-ID: "+last)
		}
		l := listen(t, conn, "", more...)
		if e := l.next("status"); last == "" {
			last = e.id
		}
		s.cash(fmt.Sprintf("live-%d", life))
		for len(seen) < 3*life+1 {
			e := l.next("payment")
			seen, last = append(seen, e.member("order")), e.id
		}
		l.next(": beat")
		if life == 0 {
			_ = conn.Close() // the network went
		}
		close(closing) // or the agent
		<-l.ended
		server.Close()
		_ = conn.Close()
		s.cash(fmt.Sprintf("away-%d-a", life), fmt.Sprintf("away-%d-b", life))
		if life == 1 {
			s.restart()
		}
	}
	if got := fmt.Sprint(seen); got != "[live-0 away-0-a away-0-b live-1 away-1-a away-1-b live-2]" {
		t.Errorf("%s", got)
	}
	s.close()
}
