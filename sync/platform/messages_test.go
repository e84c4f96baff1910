package platform

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/pos"
	simulated "github.com/tillproof/tillproof/simulator/acquirer"
	"github.com/tillproof/tillproof/sync/acquirer"
	"github.com/tillproof/tillproof/sync/platform/access"
	"github.com/tillproof/tillproof/sync/platform/database"
)

// TestWhatWasSaidToAcquirersIsKept, word for word but for secrets.
func TestWhatWasSaidToAcquirersIsKept(t *testing.T) {
	s, b, p := shop(t, nil, `"*"`)
	call := p.authorise(100, "wechat", aCode)
	b.Plan(refOf(call.Payment), simulated.Customer{LoseAnswers: 1})
	p.ask(call)
	p.told(call.Payment, pos.Approved)
	db, err := database.OpenReader(t.Context(), s.config.Database)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var lines []messageLine
	s.until("the messages are kept", func() bool {
		lines, err = database.All(t.Context(), db, scanMessage,
			"SELECT n, at, acquirer, call, direction, status, bytes FROM acquirer_messages WHERE payment = ? ORDER BY n", call.Payment.String())
		return err != nil || len(lines) == 4
	})
	if err != nil || lines[0].Call != "authorise" || lines[0].Direction != "sent" || lines[0].Acquirer != "bank" || !strings.Contains(lines[0].Text, `"amount":100`) ||
		lines[1].Status != http.StatusBadGateway || lines[2].Call != "query" || !strings.Contains(lines[3].Text, `"state":"paid"`) {
		t.Errorf("%v %+v", err, lines)
	}
	for _, l := range lines {
		if strings.Contains(l.Text, aCode) || strings.Contains(l.Text, bearer) {
			t.Errorf("a secret is kept: %s", l.Text)
		}
	}
}

// lettingDoor lets everybody in and notes the role that was asked for.
type lettingDoor struct{ needs []access.Role }

func (d *lettingDoor) Let(need access.Role, answer access.Answer) http.Handler {
	d.needs = append(d.needs, need)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { answer(w, r, access.Person{Name: "ann", Role: need}) })
}

// TestMessagesAreBounded: of a payment with many the first and the last ones stay, and what is no text is shown as hex.
func TestMessagesAreBounded(t *testing.T) {
	b := newBench(t)
	m, err := openMessages(t.Context(), b.custody.db)
	if err != nil {
		t.Fatal(err)
	}
	tell, ref := m.of("bank"), strings.Repeat("0", 12)+"7000"+"8000"+strings.Repeat("0", 12)
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
	for range messageQueue + 7 {
		tell(acquirer.Message{Ref: ref})
	}
	if m.lost.Load() != 7 {
		t.Errorf("%d lost", m.lost.Load())
	}
}
