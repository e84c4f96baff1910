package scenario

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/zvtsim"
)

// serveControl starts the control API, by which a person or a script plays the cable, the card and the power cut. It exists in the demo only and
// answers on loopback only.
func (d *Demo) serveControl() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /network", control(d.playNetwork))
	mux.HandleFunc("POST /card", control(d.playCard))
	mux.HandleFunc("POST /kill", control(d.playKill))
	mux.HandleFunc("GET /totals", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, d.Totals()) })
	d.address = l.Addr().String()
	d.control = &http.Server{Handler: http.NewCrossOriginProtection().Handler(mux), ReadHeaderTimeout: 5 * time.Second}
	d.workers.Go(func() { _ = d.control.Serve(l) }) // ends when it is closed
	return nil
}

// control reads the body of a command and answers with what came of it.
func control[T any](play func(context.Context, T) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var body T
		decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, 4096))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&body); err != nil {
			answer(w, http.StatusUnprocessableEntity, map[string]string{"error": err.Error()})
			return
		}
		if err := play(r.Context(), body); err != nil {
			answer(w, http.StatusUnprocessableEntity, map[string]string{"error": err.Error()})
			return
		}
		answer(w, http.StatusOK, map[string]bool{"ok": true})
	}
}

func answer(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // the caller has gone if this fails
}

// networkCommand cuts or mends the till's way to the broker.
type networkCommand struct {
	Up *bool `json:"up"`
}

func (d *Demo) playNetwork(_ context.Context, c networkCommand) error {
	switch {
	case c.Up == nil:
		return fmt.Errorf("up is missing: true or false")
	case *c.Up:
		d.shop.Restore()
	default:
		d.shop.Cut()
	}
	return nil
}

// cardCommand says what the next card does.
type cardCommand struct {
	Next    zvtsim.Do `json:"next"`
	AfterMS int64     `json:"after_ms"`
}

func (d *Demo) playCard(_ context.Context, c cardCommand) error {
	switch c.Next {
	case zvtsim.Approve, zvtsim.Decline, zvtsim.CustomerAbort, zvtsim.SlowPIN, zvtsim.LoseResult, zvtsim.LoseBeforeAck, zvtsim.OfflineApprove:
		d.terminal.Next(zvtsim.Card{Do: c.Next, After: time.Duration(c.AfterMS) * time.Millisecond})
		return nil
	}
	return fmt.Errorf("next %q is not one of approve, decline, customer_abort, slow_pin, lose_result, lose_before_ack, offline_approve", c.Next)
}

// killCommand names who loses power.
type killCommand struct {
	What string `json:"what"`
}

// playKill ends a process with SIGKILL and starts it again.
func (d *Demo) playKill(_ context.Context, c killCommand) error {
	for _, p := range []*process{d.agent, d.platform, d.broker} {
		if p.name == c.What {
			p.kill()
			return p.start(context.Background()) // not with the request: who asked may leave
		}
	}
	return fmt.Errorf("what %q is not one of agent, platform, broker", c.What)
}

// Totals are what the devices themselves hold.
func (d *Demo) Totals() map[string]pos.Totals {
	return map[string]pos.Totals{"terminal": d.terminal.Memory().Totals()}
}
