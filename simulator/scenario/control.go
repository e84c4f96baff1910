package scenario

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/zvtsim"
)

// serveControl starts the control API and its panel, by which a person or a script plays the cable, the card, the customers and
// the power cut. It exists in the demo only and answers on loopback only.
func (d *Demo) serveControl() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /network", control(d.playNetwork))
	mux.HandleFunc("POST /card", control(d.playCard))
	mux.HandleFunc("POST /kill", control(d.playKill))
	mux.HandleFunc("POST /scan", control(d.playScan))
	mux.HandleFunc("POST /customer", control(d.playCustomer))
	mux.HandleFunc("POST /show", control(d.playShow))
	mux.HandleFunc("POST /unplug", control(d.playUnplug))
	mux.HandleFunc("POST /pair", d.playPair)
	mux.HandleFunc("GET /totals", d.tellTotals)
	mux.HandleFunc("GET /state", d.tellState)
	mux.HandleFunc("GET /{$}", panelFile)
	mux.HandleFunc("GET /panel/{name}", panelFile)
	d.address = l.Addr().String()
	handler := guarded(http.NewCrossOriginProtection().Handler(mux))
	d.control = &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
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
			refuse(w, err)
			return
		}
		if err := play(r.Context(), body); err != nil {
			refuse(w, err)
			return
		}
		answer(w, http.StatusOK, map[string]bool{"ok": true})
	}
}

func refuse(w http.ResponseWriter, err error) {
	answer(w, http.StatusUnprocessableEntity, map[string]string{"error": err.Error()})
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
	if c.Up == nil {
		return errors.New("up is missing: true or false")
	}
	d.cable.Lock()
	defer d.cable.Unlock()
	if d.cable.cut = !*c.Up; d.cable.cut {
		d.shop.Cut()
	} else {
		d.shop.Restore()
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

// unplugCommand pulls the wire of a device for a while.
type unplugCommand struct {
	Device string `json:"device"`
	ForMS  int64  `json:"for_ms"`
}

func (d *Demo) playUnplug(_ context.Context, c unplugCommand) error {
	away := time.Duration(c.ForMS) * time.Millisecond
	switch {
	case c.ForMS < 0 || c.ForMS > 600_000:
		return fmt.Errorf("for_ms %d is not between 0 and 600000", c.ForMS)
	case c.Device == "terminal":
		return d.sockets.terminal.pull(away)
	case c.Device == "scanner":
		return d.sockets.scanner.pull(away)
	}
	return fmt.Errorf("device %q is not one of terminal, scanner", c.Device)
}

// Totals are what the devices and the acquirer themselves hold.
func (d *Demo) Totals() (map[string]pos.Totals, error) {
	acquirer, err := d.bank.Totals()
	return map[string]pos.Totals{"terminal": d.terminal.Memory().Totals(), "acquirer": acquirer}, err
}

func (d *Demo) tellTotals(w http.ResponseWriter, _ *http.Request) {
	totals, err := d.Totals()
	if err != nil {
		refuse(w, err)
		return
	}
	answer(w, http.StatusOK, totals)
}
