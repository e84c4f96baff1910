package webhook_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tillproof/tillproof/agent/webhook"
)

// inShop runs a test with a started shop in virtual time.
func inShop(t *testing.T, test func(s *shop)) {
	t.Helper()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, dir)
		s.start()
		test(s)
		s.end()
	})
}

// The signature was made by hand: openssl dgst -sha256 -mac HMAC over e.1.946684800.{...}, with the key in base64 that stands in world_test.go.
func TestARequestIsAsTheSpecificationSays(t *testing.T) {
	inShop(t, func(s *shop) {
		s.story.add(1)
		synctest.Wait()
		list := s.box.deliveries()
		if len(list) != 1 {
			t.Fatalf("%d requests", len(list))
		}
		d := list[0]
		if d.body != `{"type":"payment.updated","timestamp":"2023-11-14T22:13:20.123Z","data":{"n":1}}` {
			t.Errorf("%s", d.body)
		}
		for name, want := range map[string]string{"Webhook-Id": "e.1", "Webhook-Timestamp": "946684800", "Content-Type": "application/json",
			"Webhook-Signature": "v1,zfvDBoLHkzpoh1xcnI9DUkwUn4pbkgSwtgctFmtqN4g=", "Idempotency-Key": ""} {
			if got := d.header.Get(name); got != want {
				t.Errorf("%s is %q, want %q", name, got, want)
			}
		}
	})
}

func TestOnlyTheNewestStateOfAPaymentIsTold(t *testing.T) {
	inShop(t, func(s *shop) {
		s.story.add(1, 2, 1, 3, 1)
		synctest.Wait()
		s.got(2, 4, 5)
		s.story.add(1)
		s.story.add(0)
		synctest.Wait()
		s.got(6, 7)
		if i := s.info(); i.State != webhook.Ready || i.Backlog != 0 || i.Place != "e.7" || i.LastError != "" || i.Origin != "http://pos.example" || len(i.Events) != 4 {
			t.Errorf("%+v", i)
		}
	})
}

func TestANewHookBeginsAtTheHead(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, dir)
		s.story.add(1, 2)
		s.start()
		synctest.Wait()
		s.got()
		s.story.add(3)
		synctest.Wait()
		s.got(3)
		s.end()
	})
}

func TestOnlyWantedEventsAreSent(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, dir)
		s.targets[0].Events = []webhook.Type{webhook.ShiftOpened}
		s.start()
		s.story.add(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0)
		synctest.Wait()
		s.got(13)
		s.story.add(1)
		synctest.Wait()
		s.got()
		if i := s.info(); i.Backlog != 0 {
			t.Errorf("what nobody wants is no backlog: %+v", i)
		}
		s.end()
	})
}

// Every pause is within a tenth of the schedule; after the last try the event is set aside and the next ones go on.
func TestAnEventThatIsRefusedIsTriedForThreeDaysAndSetAside(t *testing.T) {
	inShop(t, func(s *shop) {
		s.box.does(func(d delivery, w http.ResponseWriter) {
			if d.id == "e.1" {
				w.WriteHeader(500)
			}
		})
		s.story.add(1, 2)
		<-time.After(100 * time.Hour)
		var tries []time.Time
		passed := 0
		for _, d := range s.box.deliveries() {
			if d.id == "e.1" {
				tries = append(tries, d.at)
			} else {
				passed = len(tries)
			}
		}
		if passed != 3 {
			t.Errorf("the next event passed after %d tries", passed)
		}
		want := []time.Duration{5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour,
			4 * time.Hour, 8 * time.Hour, 12 * time.Hour, 12 * time.Hour, 12 * time.Hour, 12 * time.Hour, 12 * time.Hour}
		if len(tries) != len(want)+1 {
			t.Fatalf("%d tries", len(tries))
		}
		spread := false
		for i, p := range want {
			pause := tries[i+1].Sub(tries[i])
			if pause < p-p/10 || pause > p+p/10 {
				t.Errorf("pause %d is %s, want about %s", i, pause, p)
			}
			spread = spread || pause != p
		}
		if !spread {
			t.Error("no jitter")
		}
		i := s.info()
		if len(i.SetAside) != 1 || len(i.Retrying) != 0 || i.SetAside[0].ID != "e.1" || i.SetAside[0].Tries != 15 || i.SetAside[0].LastError != "the receiver answered 500" ||
			i.State != webhook.Failing || i.Backlog != 0 {
			t.Errorf("%+v", i)
		}
		if strings.Count(s.log.String(), "\n") > 4 || !strings.Contains(s.log.String(), "set aside") {
			t.Errorf("the log:\n%s", s.log.String())
		}
		s.box.says(200)
		if _, err := s.hooks.Retry("w1"); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		s.got(1)
		if i := s.info(); len(i.SetAside) != 0 || i.State != webhook.Ready {
			t.Errorf("%+v", i)
		}
	})
}

// A receiver that is away is asked for one event only; the others wait in the journal, and come in order when it is back.
func TestAReceiverThatIsAwayGetsEverythingLater(t *testing.T) {
	inShop(t, func(s *shop) {
		s.unserve()
		began := time.Now()
		for n := range 40 {
			s.story.add(n + 1)
			<-time.After(time.Minute)
		}
		i := s.info()
		if i.State != webhook.Failing || len(i.Retrying) != 1 || i.Backlog != 39 || i.FailingSince.Sub(began) != 0 || i.LastError != "no answer: connection refused" ||
			i.Retrying[0].NextTry.Before(time.Now()) {
			t.Fatalf("%+v", i)
		}
		s.serve()
		<-time.After(time.Until(i.Retrying[0].NextTry) + time.Minute)
		if list := s.box.take(); len(list) != 40 || list[0] != 1 || list[39] != 40 {
			t.Errorf("%v", list)
		}
		if i := s.info(); i.State != webhook.Ready || i.LastError != "" || !i.FailingSince.IsZero() || i.Backlog != 0 {
			t.Errorf("%+v", i)
		}
	})
}

func TestAReceiverThatIsDeadForAWeekLosesNothing(t *testing.T) {
	inShop(t, func(s *shop) {
		s.unserve()
		s.story.add(1, 2, 3, 4, 5)
		<-time.After(7 * 24 * time.Hour)
		i := s.info()
		if len(i.SetAside) != 2 || len(i.Retrying) != 1 || i.Backlog != 2 {
			t.Fatalf("%+v", i)
		}
		s.serve()
		if _, err := s.hooks.Retry("w1"); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		s.got(1, 2, 3, 4, 5)
	})
}

// A receiver that refuses everything is broken: a hundred events stand aside, the others wait in the journal.
func TestNoMoreThanAHundredStandAside(t *testing.T) {
	inShop(t, func(s *shop) {
		s.box.says(400)
		for n := range 110 {
			s.story.add(n + 1)
		}
		<-time.After(75 * time.Minute)
		if i := s.info(); len(i.Retrying) != 100 || i.Backlog != 10 || i.State != webhook.Failing {
			t.Errorf("%d stand aside, %d wait", len(i.Retrying), i.Backlog)
		}
		s.box.says(200)
		s.box.take()
		<-time.After(2 * time.Hour)
		if list := s.box.take(); len(list) != 110 {
			t.Errorf("%v", list)
		}
	})
}

func TestANewerStateMakesAnOlderOneThatWasSetAsideNeedless(t *testing.T) {
	inShop(t, func(s *shop) {
		s.box.says(500)
		s.story.add(1, 2)
		<-time.After(8 * 24 * time.Hour)
		if i := s.info(); len(i.SetAside) != 2 {
			t.Fatalf("%+v", i)
		}
		s.box.says(200)
		s.box.take()
		s.story.add(1)
		synctest.Wait()
		s.got(3)
		if i := s.info(); len(i.SetAside) != 1 || i.SetAside[0].ID != "e.2" {
			t.Errorf("%+v", i)
		}
	})
}

func TestGatewaysThatHaveNobodyBehindThemDoNotLetOthersPass(t *testing.T) {
	for _, status := range []int{429, 502, 503, 504} {
		inShop(t, func(s *shop) {
			s.box.says(status)
			s.story.add(1, 2)
			<-time.After(time.Hour)
			for _, n := range s.box.take() {
				if n != 1 {
					t.Fatalf("%d: event %d passed", status, n)
				}
			}
		})
	}
}

func TestGoneDisablesUntilAPersonRetries(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, dir)
		s.start()
		s.box.says(410)
		s.story.add(1, 2)
		<-time.After(30 * 24 * time.Hour)
		s.got(1)
		if i := s.info(); i.State != webhook.Disabled || i.Backlog != 1 {
			t.Errorf("%+v", i)
		}
		s.stop()
		s.start()
		s.box.says(200)
		<-time.After(24 * time.Hour)
		s.got()
		if i, err := s.hooks.Retry("w1"); err != nil || i.State == webhook.Disabled {
			t.Errorf("%+v, %v", i, err)
		}
		synctest.Wait()
		s.got(1, 2)
		if _, err := s.hooks.Retry("w2"); err == nil || !strings.Contains(err.Error(), "not_found") {
			t.Errorf("%v", err)
		}
		s.end()
	})
}

func TestASlowReceiverHoldsNoOtherUp(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, dir)
		second := s.targets[0]
		second.Name, second.URL = "w2", "http://pos.example/other"
		s.targets = append(s.targets, second)
		var quick []int
		s.box.does(func(d delivery, _ http.ResponseWriter) {
			if d.header.Get("X-Path") == "" {
				<-time.After(9 * time.Second)
			}
		})
		s.server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/other" {
				quick = append(quick, number(r.Header.Get("Webhook-Id")))
				return
			}
			s.box.ServeHTTP(w, r)
		})
		s.start()
		began := time.Now()
		for n := range 50 {
			s.story.add(n + 1)
			synctest.Wait()
		}
		if took := time.Since(began); took != 0 || len(quick) != 50 {
			t.Errorf("after %s the quick one has %v", took, quick)
		}
		<-time.After(time.Hour)
		if list := s.box.take(); len(list) != 50 {
			t.Errorf("the slow one has %v", list)
		}
		s.end()
	})
}
