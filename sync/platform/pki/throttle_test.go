package pki

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestWhoGuessesCodesIsHeldUp: failures cost their sender, nobody else, and not for ever.
func TestWhoGuessesCodesIsHeldUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var th throttle
		for n := range failures {
			if err := th.allow("192.0.2.1"); err != nil {
				t.Fatalf("after %d failures: %v", n, err)
			}
			th.failed("192.0.2.1")
		}
		if err := th.allow("192.0.2.1"); err == nil || !strings.Contains(err.Error(), "Too many") {
			t.Error(err)
		}
		if err := th.allow("192.0.2.2"); err != nil {
			t.Error(err)
		}
		time.Sleep(failureEvery)
		if err := th.allow("192.0.2.1"); err != nil {
			t.Error(err)
		}
		for n := range 2 * mostSenders {
			th.failed(fmt.Sprint(n))
		}
		if len(th.senders) > mostSenders {
			t.Errorf("%d senders", len(th.senders))
		}
	})
}

func TestASenderIsASubscriber(t *testing.T) {
	for address, want := range map[string]string{"192.0.2.1:5": "192.0.2.1", "[2001:db8:1:2:3::4]:5": "2001:db8:1:2::", "nobody": "nobody"} {
		r := httptest.NewRequest("POST", "/v1/enrol", nil)
		r.RemoteAddr = address
		if got := sender(r); got != want {
			t.Errorf("%s: %s", address, got)
		}
	}
}
