package presence

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/platform/access"
	"github.com/tillproof/tillproof/sync/platform/database"
	"github.com/tillproof/tillproof/sync/platform/database/databasetest"
	"github.com/tillproof/tillproof/sync/platform/gaps"
	"github.com/tillproof/tillproof/sync/wire"
)

// openDoor lets everybody in.
type openDoor struct{}

func (openDoor) Let(_ access.Role, answer access.Answer) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer(w, r, access.Person{Name: "test", Role: access.Admin})
	})
}

// hall is a presence with its pages.
type hall struct {
	t *testing.T
	*Presence
	mux *http.ServeMux
}

func newHall(t *testing.T, address string) *hall {
	t.Helper()
	db, err := database.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	codec, err := wire.NewCodec()
	if err != nil {
		t.Fatal(err)
	}
	p, err := Open(t.Context(), db, codec, func(till pos.TillID) bool { return till != "stranger" }, new(gaps.Watch))
	if err != nil {
		t.Fatal(err)
	}
	h := &hall{t, p, http.NewServeMux()}
	p.Routes(h.mux, openDoor{})
	return h
}

// says brings a birth, and has it kept.
func (h *hall) says(b *wire.Birth) {
	h.t.Helper()
	h.brings(b)
	if err := h.keep(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
}

func (h *hall) brings(b *wire.Birth) {
	h.t.Helper()
	message, err := h.codec.EncodeBirth(b)
	if err == nil {
		err = h.Receive(wire.Topic{Merchant: "shop", Till: b.Till}, message)
	}
	if err != nil {
		h.t.Fatal(err)
	}
}

// shows asks for a till.
func (h *hall) shows(till string) (l line, status int) {
	h.t.Helper()
	answer := httptest.NewRecorder()
	h.mux.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/v1/tills/"+till+"/presence", nil))
	if answer.Code == http.StatusOK {
		if err := json.Unmarshal(answer.Body.Bytes(), &l); err != nil {
			h.t.Fatal(err)
		}
	}
	return l, answer.Code
}

// online is the till's word in a connection that began at a time, and offline its will.
func online(connected, at int64, seq pos.Seq) *wire.Birth {
	ms := int64(-250)
	return &wire.Birth{Till: "till-1", Online: true, At: at, ConnectedAt: connected, Seq: seq, Versions: wire.Versions{Software: "v1.2.3", Policy: 4},
		Devices: []wire.BirthDevice{{Name: "counter", State: "ready"}}, OffsetMS: &ms}
}

func will(connected int64) *wire.Birth {
	b := online(connected, connected, 1)
	b.Online = false
	return b
}

func TestPresenceFollowsWhatTillsAndBrokersSay(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, address string) {
		h := newHall(t, address)
		if _, status := h.shows("till-1"); status != http.StatusNotFound {
			t.Errorf("a till that was never there: %d", status)
		}
		steps := []struct {
			what  string
			birth *wire.Birth
			state string
			seq   pos.Seq
		}{
			{"it comes", online(1000, 1000, 5), "online", 5},
			{"it sells", online(1000, 2000, 9), "online", 9},
			{"its line breaks", will(1000), "offline", 9},
			{"it comes again", online(3000, 3000, 11), "online", 11},
			{"the will of the connection before is late", will(1000), "online", 11},
			{"it goes by itself", &wire.Birth{Till: "till-1", At: 4000, ConnectedAt: 3000, Seq: 12}, "offline", 12},
		}
		for _, s := range steps {
			h.says(s.birth)
			if line, status := h.shows("till-1"); status != 200 || line.State != s.state || line.Seq != s.seq || line.Merchant != "shop" {
				t.Errorf("%s: %d %+v", s.what, status, line)
			}
		}
		h.says(online(5000, 5000, 13))
		line, _ := h.shows("till-1")
		if line.Versions != (versions{Software: "v1.2.3", Policy: 4}) || fmt.Sprint(line.Devices) != "[{counter ready}]" || *line.Clock.OffsetMS != -250 {
			t.Errorf("%+v", line)
		}
	})
}

func TestWhatABrokerKeptIsNotHeardAgain(t *testing.T) {
	h := newHall(t, t.TempDir()+"/presence.db")
	h.says(online(1000, 1000, 5))
	before, err := h.All(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	old := before[0]
	old.Seen -= 2 * silentAfter.Milliseconds()
	if err := h.db.Transact(t.Context(), func(tx *database.Tx) error { return tx.Upsert(t.Context(), table(), old.append(nil)) }); err != nil {
		t.Fatal(err)
	}
	h.says(online(1000, 1000, 5)) // the platform has subscribed again
	if line, _ := h.shows("till-1"); line.State != "silent" {
		t.Errorf("%+v", line)
	}
	h.says(online(1000, 1001, 5))
	if line, _ := h.shows("till-1"); line.State != "online" {
		t.Errorf("%+v", line)
	}
}

func TestManyBirthsAtOnce(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, address string) {
		h := newHall(t, address)
		for round := range 2 {
			for n := range 300 {
				b := online(1000, int64(1000+round), pos.Seq(n+round))
				b.Till = pos.TillID(fmt.Sprintf("till-%d", n))
				h.brings(b)
			}
			if len(h.waiting) != 300 {
				t.Fatalf("%d wait", len(h.waiting))
			}
			if err := h.keep(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if line, _ := h.shows("till-299"); line.Seq != 300 {
			t.Errorf("%+v", line)
		}
	})
}

func TestBirthsThatAreRefused(t *testing.T) {
	h := newHall(t, t.TempDir()+"/presence.db")
	stranger := online(1, 1, 1)
	stranger.Till = "stranger"
	for name, c := range map[string]struct {
		under pos.TillID
		birth *wire.Birth
		cut   int
	}{
		"another's name":   {"till-2", online(1, 1, 1), 0},
		"not enrolled":     {"stranger", stranger, 0},
		"cut":              {"till-1", online(1, 1, 1), 3},
		"nothing":          {"till-1", online(1, 1, 1), 1 << 10},
		"not enrolled, no": {"stranger", online(1, 1, 1), 0},
	} {
		message, err := h.codec.EncodeBirth(c.birth)
		if err != nil {
			t.Fatal(err)
		}
		if err := h.Receive(wire.Topic{Merchant: "shop", Till: c.under}, message[:max(0, len(message)-c.cut)]); err == nil || len(h.waiting) > 0 {
			t.Errorf("%s: %v, %d wait", name, err, len(h.waiting))
		}
	}
}

// TestBirthsWaitForTheDatabase closes the database under the presence.
func TestBirthsWaitForTheDatabase(t *testing.T) {
	h := newHall(t, t.TempDir()+"/presence.db")
	h.brings(online(1, 1, 1))
	if err := h.db.Close(); err != nil {
		t.Fatal(err)
	}
	failures := make(chan error, 16)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		h.Run(ctx, func(err error) { failures <- err })
	}()
	for range 2 { // it tries again by itself
		select {
		case <-failures:
		case <-time.After(10 * time.Second):
			t.Fatal("no try")
		}
	}
	cancel()
	<-ended
	if len(h.waiting) != 1 {
		t.Errorf("%d births wait", len(h.waiting))
	}
}
