package api_test

import (
	"crypto/ed25519"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/agent/api"
	"github.com/tillproof/tillproof/agent/engine"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/journal"
)

// FuzzCreate throws bodies at the till: whatever comes is either a payment in the journal or a problem that says that no money moved.
func FuzzCreate(f *testing.F) {
	for _, seed := range []string{cashSale, `{}`, `[]`, `null`, `{"order":"A","amount":0,"currency":"JPY","tender":"none"}`, "{\"order\":\"\x00\"}",
		`{"order":"A-1","attempt":2,"amount":1e3,"currency":"EUR","tender":"cash","order_amount":-5}`, `{"order":"A","amount":-0,"currency":"eur","tender":"cash"}`,
		`{"order":"A","amount":9223372036854775807,"order_amount":9223372036854775807,"currency":"EUR","tender":"cash","tendered":9223372036854775807}`} {
		f.Add(seed)
	}
	dir := f.TempDir()
	signer, err := cose.NewSigner(ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)))
	if err != nil {
		f.Fatal(err)
	}
	j, err := journal.Open(journal.Options{Dir: filepath.Join(dir, "journal"), Views: filepath.Join(dir, "views.db"), Till: "till-1", Signer: signer,
		Version: "test", Clock: journal.SystemClock, Segment: 8 << 20})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = j.Close() })
	e, err := engine.New(engine.Options{Journal: j, Tenders: []pos.Tender{pos.Cash}, Mode: func() pos.Mode { return pos.Offline }, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		f.Fatal(err)
	}
	handler := api.Handler(api.Options{Till: "till-1", Engine: e, Journal: j, Token: token, Data: dir})
	f.Fuzz(func(t *testing.T, body string) {
		r := httptest.NewRequest(http.MethodPost, "http://localhost/v1/payments", strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		before := j.Head().Seq
		handler.ServeHTTP(w, r)
		var p api.Payment
		var problem api.Problem
		switch {
		case w.Code == http.StatusCreated || w.Code == http.StatusOK:
			err = json.Unmarshal(w.Body.Bytes(), &p)
			if kept, lost := e.Payment(p.ID); err != nil || lost != nil || kept.Status != pos.Approved || p.Amount < 0 || p.Amount > pos.MaxAmount {
				t.Errorf("%v, %v: %s", err, lost, w.Body)
			}
		case w.Code >= 500:
			t.Errorf("%d: %s", w.Code, w.Body)
		default:
			if err := json.Unmarshal(w.Body.Bytes(), &problem); err != nil || problem.Code == "" || problem.Money != pos.NoneMoved || j.Head().Seq != before {
				t.Errorf("%v: %s", err, w.Body)
			}
		}
	})
}
