package messages

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/tillproof/tillproof/sync/acquirer"
	"github.com/tillproof/tillproof/sync/platform/access"
	"github.com/tillproof/tillproof/sync/platform/database"
	"github.com/tillproof/tillproof/sync/platform/database/databasetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// lettingDoor lets everybody in and notes the role that was asked for.
type lettingDoor struct{ needs []access.Role }

func (d *lettingDoor) Let(need access.Role, answer access.Answer) http.Handler {
	d.needs = append(d.needs, need)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { answer(w, r, access.Person{Name: "ann", Role: need}) })
}

// TestMessagesAreBounded: of a payment with many the first and the last ones stay, and what is no text is shown as hex.
func TestMessagesAreBounded(t *testing.T) {
	databasetest.Each(t, bounded)
}

func bounded(t *testing.T, address string) {
	db, err := database.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	m, err := Open(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	tell, ref := m.Of("bank"), strings.Repeat("0", 12)+"7000"+"8000"+strings.Repeat("0", 12)
	for range 5 {
		for range 50 {
			tell(acquirer.Message{Ref: ref, Call: "query", Direction: acquirer.Sent, At: 1, Bytes: []byte{0xff}})
		}
		for len(m.in) > 0 {
			m.write(t.Context(), <-m.in, slog.New(slog.DiscardHandler))
		}
	}
	tell(acquirer.Message{Ref: "nonsense"})
	m.write(t.Context(), <-m.in, slog.New(slog.DiscardHandler))
	door, mux := &lettingDoor{}, http.NewServeMux()
	m.Routes(mux, door)
	out := httptest.NewRecorder()
	mux.ServeHTTP(out, httptest.NewRequest("GET", "/v1/payments/00000000-0000-7000-8000-000000000000/messages", nil))
	if n := strings.Count(out.Body.String(), `"bytes":"ff"`); out.Code != http.StatusOK || n != firstKept+lastKept || !strings.Contains(out.Body.String(), `"n":250`) ||
		len(door.needs) != 1 || door.needs[0] != access.Operator || m.lost.Load() != 0 {
		t.Errorf("%d: %d messages, %v", out.Code, n, door.needs)
	}
	for range queue + 7 {
		tell(acquirer.Message{Ref: ref, Call: "query", Direction: acquirer.Sent, At: 1, Bytes: []byte{0xff}})
	}
	if m.lost.Load() != 7 {
		t.Errorf("%d lost", m.lost.Load())
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if m.Run(ended, slog.New(slog.DiscardHandler)); len(m.in) > 0 || m.lost.Load() != 7 {
		t.Errorf("%d still wait at the end, %d lost", len(m.in), m.lost.Load())
	}
}
