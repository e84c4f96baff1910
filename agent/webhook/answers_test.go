package webhook_test

import (
	"fmt"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tillproof/tillproof/agent/webhook"
)

func TestRedirectsAreNotFollowed(t *testing.T) {
	inShop(t, func(s *shop) {
		s.box.does(func(_ delivery, w http.ResponseWriter) {
			w.Header().Set("Location", "http://elsewhere.example/")
			w.WriteHeader(307)
		})
		s.story.add(1)
		synctest.Wait()
		s.got(1)
		if i := s.info(); i.LastError != "the receiver answered 307: redirects are not followed" || len(i.Retrying) != 1 {
			t.Errorf("%+v", i)
		}
	})
}

func TestTenSecondsAreEnough(t *testing.T) {
	inShop(t, func(s *shop) {
		s.box.does(func(delivery, http.ResponseWriter) { <-time.After(time.Hour) })
		s.story.add(1)
		<-time.After(10*time.Second - time.Millisecond)
		if i := s.info(); len(i.Retrying) != 0 {
			t.Errorf("given up early: %+v", i)
		}
		<-time.After(2 * time.Millisecond)
		if i := s.info(); len(i.Retrying) != 1 || i.LastError != "no answer within 10 s" {
			t.Errorf("%+v", i)
		}
	})
}

// What follows the status is not waited for beyond ten seconds and not read beyond 4 KiB.
func TestTheStatusIsTheAnswer(t *testing.T) {
	for name, write := range map[string]func(w io.Writer){
		"huge": func(w io.Writer) {
			for range 1 << 14 {
				if _, err := w.Write(make([]byte, 1<<10)); err != nil {
					return
				}
			}
			t.Error("sixteen megabytes were read")
		},
		"slow": func(w io.Writer) {
			for range 100 {
				_, _ = fmt.Fprint(w, ".")
				w.(http.Flusher).Flush()
				<-time.After(time.Second)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			inShop(t, func(s *shop) {
				s.box.does(func(_ delivery, w http.ResponseWriter) {
					w.WriteHeader(202)
					w.(http.Flusher).Flush()
					write(w)
				})
				s.story.add(1, 2, 3)
				<-time.After(31 * time.Second)
				s.got(1, 2, 3)
				if i := s.info(); i.State != webhook.Ready || i.Backlog != 0 {
					t.Errorf("%+v", i)
				}
			})
		})
	}
}
