package webhook_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tillproof/tillproof/agent/webhook"
)

// The schedule goes on where it was: a restart neither begins it anew nor forgets an event.
func TestARestartKeepsWhatIsHeld(t *testing.T) {
	inShop(t, func(s *shop) {
		s.box.says(500)
		s.story.add(1)
		<-time.After(time.Hour)
		tries := len(s.box.take())
		next := s.info().Retrying[0].NextTry
		s.stop()
		s.story.add(2)
		s.start()
		<-time.After(time.Until(next) - time.Second)
		if list := s.box.take(); slices.Contains(list, 1) || len(list) < 4 {
			t.Errorf("%v", list)
		}
		<-time.After(2 * time.Second)
		i := s.info()
		at := slices.IndexFunc(i.Retrying, func(w webhook.Waiting) bool { return w.ID == "e.1" })
		if list := s.box.take(); !slices.Contains(list, 1) || i.Retrying[at].Tries != tries+1 {
			t.Errorf("%v, %+v", list, i)
		}
	})
}

func TestTheEndOfTheTillCutsARequestOff(t *testing.T) {
	inShop(t, func(s *shop) {
		s.box.does(func(delivery, http.ResponseWriter) { <-time.After(5 * time.Second) })
		s.story.add(1)
		<-time.After(time.Second)
		began := time.Now()
		s.stop()
		if took := time.Since(began); took != 0 {
			t.Errorf("the end took %s", took)
		}
		if m := s.file(); fmt.Sprint(m["w1"]["held"]) != "[]" || m["w1"]["place"] != "e.0" {
			t.Errorf("%v", m)
		}
		s.box.says(200)
		s.start()
		synctest.Wait()
		s.got(1, 1)
	})
}

func TestAnotherAddressKeepsThePlace(t *testing.T) {
	inShop(t, func(s *shop) {
		s.box.says(410)
		s.story.add(1)
		<-time.After(time.Hour)
		s.stop()
		s.got(1)
		s.box.says(200)
		s.targets[0].URL = "http://new.example/notices/hidden-path"
		s.story.add(2)
		s.start()
		synctest.Wait()
		s.got(1, 2)
	})
}

func TestAHookThatComesBackGoesOnWhereItWas(t *testing.T) {
	inShop(t, func(s *shop) {
		s.story.add(1)
		synctest.Wait()
		s.stop()
		gone := s.targets
		s.targets = []webhook.Target{{Name: "other", URL: "http://pos.example/", Secrets: gone[0].Secrets}}
		s.start()
		s.story.add(2, 3)
		synctest.Wait()
		s.got(1, 2, 3)
		s.stop()
		s.targets = gone
		s.start()
		synctest.Wait()
		s.got(2, 3)
	})
}

// The clock was a year ahead when the event failed. It has been set right since.
func TestAClockThatGoesBackDelaysNothing(t *testing.T) {
	inShop(t, func(s *shop) {
		s.box.says(500)
		s.story.add(1)
		synctest.Wait()
		s.stop()
		s.got(1)
		text, err := os.ReadFile(s.path)
		if err != nil {
			t.Fatal(err)
		}
		next := fmt.Sprintf(`"next_ms":%d`, s.info().Retrying[0].NextTry.UnixMilli())
		late := strings.Replace(string(text), next, fmt.Sprintf(`"next_ms":%d`, time.Now().AddDate(1, 0, 0).UnixMilli()), 1)
		if late == string(text) {
			t.Fatalf("no %s in %s", next, text)
		}
		if err := os.WriteFile(s.path, []byte(late), 0o600); err != nil {
			t.Fatal(err)
		}
		s.start()
		synctest.Wait()
		s.got(1)
	})
}

func TestADamagedFileRepeatsAndLosesNothing(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, dir)
		for n := range 10_005 {
			s.story.add(n%200 + 1)
		}
		if err := os.WriteFile(s.path, []byte(`{"w1":`), 0o600); err != nil {
			t.Fatal(err)
		}
		s.start()
		synctest.Wait()
		if list := s.box.take(); len(list) != 200 || list[199] != 10_005 {
			t.Errorf("%d: %v", len(list), list)
		}
		if text, err := os.ReadFile(s.path + ".damaged"); err != nil || string(text) != `{"w1":` {
			t.Errorf("%q, %v", text, err)
		}
		s.end()
	})
}

func TestAJournalThatCannotBeReadIsTriedAgain(t *testing.T) {
	inShop(t, func(s *shop) {
		s.story.spoil(errors.New("input/output error"))
		s.story.add(1, 2)
		<-time.After(5 * time.Minute)
		s.got()
		s.story.spoil(nil)
		<-time.After(2 * time.Minute)
		s.got(1, 2)
		if n := strings.Count(s.log.String(), "cannot be read"); n != 1 {
			t.Errorf("said %d times", n)
		}
	})
}

func TestAFullDiskStopsNoDelivery(t *testing.T) {
	inShop(t, func(s *shop) {
		folder := filepath.Dir(s.path)
		if err := os.Rename(folder, folder+".away"); err != nil {
			t.Fatal(err)
		}
		for n := range 5 {
			s.story.add(n + 1)
			<-time.After(time.Minute)
		}
		s.got(1, 2, 3, 4, 5)
		if _, err := s.hooks.Retry("w1"); err == nil || !strings.Contains(err.Error(), "disk_failed") {
			t.Errorf("%v", err)
		}
		if n := strings.Count(s.log.String(), "could not be written"); n != 1 {
			t.Errorf("said %d times", n)
		}
		if err := os.Rename(folder+".away", folder); err != nil {
			t.Fatal(err)
		}
		<-time.After(2 * time.Second)
		if m := s.file(); m["w1"]["place"] != "e.5" {
			t.Errorf("%v", m)
		}
	})
}

func TestAFileThatCannotBeReadKeepsTheHooksFromStarting(t *testing.T) {
	if _, err := webhook.Open(webhook.Options{Path: t.TempDir(), Source: newStory()}); err == nil {
		t.Error("a folder was opened")
	}
}

const (
	childEvents = 10_000
	childLives  = 8
)

// child delivers a story of events to the address that its parent says, until it is killed.
func child() {
	secret, err := webhook.LoadSecrets(filepath.Join(os.Getenv("TILLPROOF_TEST_CHILD"), "secret"))
	if err != nil {
		panic(err)
	}
	s := newStory()
	open := func() *webhook.Hooks {
		h, err := webhook.Open(webhook.Options{Path: filepath.Join(os.Getenv("TILLPROOF_TEST_CHILD"), "webhooks.json"), Source: s,
			Targets: []webhook.Target{{Name: "w1", URL: os.Getenv("TILLPROOF_TEST_URL"), Secrets: secret}}})
		if err != nil {
			panic(err)
		}
		return h
	}
	h := open() // in its first life the hook begins at the head, which is the beginning
	for n := range childEvents {
		s.add(n + 1)
	}
	h.Run(context.Background())
}

// A backlog of ten thousand events is delivered by a process that is killed again and again: real sockets, real files, SIGKILL.
func TestKillsInTheMiddleRepeatALittleAndLoseNothing(t *testing.T) {
	var mu sync.Mutex
	count := map[int]int{}
	last, disorder := 0, 0
	enough := make(chan struct{}, 1)
	goal := childEvents / childLives
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		n := number(r.Header.Get("Webhook-Id"))
		if count[n]++; count[n] == 1 {
			if n != last+1 {
				disorder++
			}
			last = n
		}
		if last >= goal {
			select {
			case enough <- struct{}{}:
			default:
			}
		}
	}))
	defer server.Close()
	dir := t.TempDir()
	began := time.Now()
	for life := range childLives {
		mu.Lock()
		goal = (life + 1) * childEvents / childLives
		mu.Unlock()
		c := exec.Command(os.Args[0])
		c.Env = append(os.Environ(), "TILLPROOF_TEST_CHILD="+dir, "TILLPROOF_TEST_URL="+server.URL, "GORACE=atexit_sleep_ms=0")
		c.Stderr = os.Stderr
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		select {
		case <-enough:
		case <-time.After(2 * time.Minute):
			t.Error("too slow")
		}
		_ = c.Process.Kill()
		_ = c.Wait()
		select {
		case <-enough:
		default:
		}
	}
	mu.Lock()
	defer mu.Unlock()
	repeated := 0
	for n := 1; n <= childEvents; n++ {
		if count[n] == 0 {
			t.Fatalf("event %d was lost", n)
		}
		repeated += count[n] - 1
	}
	if repeated > 101*(childLives-1) {
		t.Errorf("%d events were repeated", repeated)
	}
	if disorder > 0 {
		t.Errorf("%d events came before an older one", disorder)
	}
	t.Logf("%d events over %d lives in %s, %d repeated", childEvents, childLives, time.Since(began).Round(time.Millisecond), repeated)
}
