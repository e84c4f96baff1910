package agent_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/agent/api"
	"github.com/tillproof/tillproof/pos"
)

// An amount is held while the platform is there, and booked in part while it is away: the card terminal holds it, so that nobody else is asked. The ledger
// tells both in their turn, and counts only what was booked.
func TestAReservationReachesThePlatform(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.online()
	w.start()
	w.plug()
	w.ready()
	var p api.Payment
	if status, code := w.ask(http.MethodPost, "/v1/payments?wait=30s", map[string]any{"order": "room-7", "amount": 10000, "currency": "EUR", "tender": "card",
		"reserve": true}, &p); status != http.StatusCreated || p.Status != pos.Reserved || !p.Reserve || p.ReservedAmount == nil || *p.ReservedAmount != 10000 ||
		p.ApprovedAmount != nil || p.Next == nil || p.Next.Code != "book" {
		t.Fatalf("%d %s %+v", status, code, p)
	}
	w.until("the ledger tells of it", func() bool {
		rows, _, _ := w.ledger()
		return len(rows) == 1 && rows[0].Status == pos.Reserved
	})
	w.halt()
	w.until("the till is offline", func() bool { return w.status().Mode == "offline" })
	if status, code := w.ask(http.MethodPost, "/v1/payments/"+p.ID.String()+"/capture", map[string]any{"operation": "stay", "amount": 10001}, nil); status != http.StatusUnprocessableEntity || code != "amount_invalid" {
		t.Errorf("more than is held: %d %s", status, code)
	}
	if status, code := w.ask(http.MethodPost, "/v1/payments/"+p.ID.String()+"/capture?wait=30s", map[string]any{"operation": "stay", "amount": 6320}, &p); status != http.StatusCreated ||
		p.Status != pos.Captured || p.ApprovedAmount == nil || *p.ApprovedAmount != 6320 || *p.ReservedAmount != 10000 {
		t.Fatalf("%d %s %+v", status, code, p)
	}
	w.brokerUp()
	w.until("the ledger counts what was booked", func() bool {
		rows, _, _ := w.ledger()
		return len(rows) == 1 && rows[0].Status == pos.Captured && rows[0].Money.Amount == 6320
	})
	if totals := w.pt.Memory().Totals(); totals[pos.Card]["EUR"].Amount != 6320 || len(w.pt.Memory().Held()) != 0 {
		t.Errorf("the terminal holds %+v", totals)
	}
	w.ask(http.MethodPost, "/v1/payments?wait=30s", map[string]any{"order": "room-8", "amount": 900, "currency": "EUR", "tender": "card", "reserve": true}, &p)
	if status, code := w.ask(http.MethodPost, "/v1/payments/"+p.ID.String()+"/void?wait=30s", map[string]any{"operation": "no-show"}, &p); status != http.StatusCreated ||
		p.Status != pos.Voided || p.Next == nil || p.Next.Code != "retry" || !strings.Contains(p.Next.Text, "not held any more") {
		t.Errorf("released: %d %s %+v %+v", status, code, p, p.Next)
	}
	w.stop()
	w.verify()
}
