package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/agent/api"
	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/zvtsim"
)

// Who looks at a sale that cannot be stopped from the till is told where to stop it.
func TestTheNextStepAtATerminalThatCannotBeStopped(t *testing.T) {
	inTill(t, func(s *till) {
		s.options.Drivers = map[pos.DeviceName]api.DriverInfo{"counter": {Driver: "zvt", Kind: "card", Lacks: []drivers.Function{drivers.Stopping}}}
		s.remake()
		s.pt.Next(zvtsim.Card{After: time.Minute})
		p := s.ask(http.MethodPost, "/v1/payments", `{"order":"A-1","amount":100,"currency":"EUR","tender":"card"}`).is(201)
		if got := p.json("next", "text"); !strings.HasSuffix(got, `press the cancel key of the card terminal."`) {
			t.Errorf("%q", got)
		}
		if status := s.ask(http.MethodGet, "/v1/status", "").is(200); !strings.Contains(status.body, `"lacks":["cancel"]`) {
			t.Error(status.body)
		}
		s.ask(http.MethodGet, "/v1/payments/"+p.text("id")+"?wait=60s", "").is(200)
		time.Sleep(time.Minute)
	})
}
