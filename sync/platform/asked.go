package platform

import (
	"sync"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/wire"
)

// The limits of what the platform remembers of calls whose end is still to come. Whoever is forgotten learns the end by asking.
const (
	rememberFor   = 10 * time.Minute
	rememberCalls = 10_000
	rememberEach  = 4 // calls of one payment
)

// asker is a call that was answered and wants to hear more.
type asker struct {
	topic wire.Topic
	op    wire.Op
	id    pos.UUID
	hash  [32]byte
	at    time.Time
	n     uint64 // the last result that it has heard of
	text  string // the wallet's last words that it has heard
}

// heard says that the asker knows a standing.
func (a *asker) heard(st *standing) { a.n, a.text = st.n, st.task.Text }

// asked remembers askers. It is safe for concurrent use.
type asked struct {
	mu    sync.Mutex
	by    map[pos.PaymentID][]*asker
	count int
	swept time.Time
}

func newAsked() *asked { return &asked{by: map[pos.PaymentID][]*asker{}} }

// remember keeps an asker for a payment. The same call is kept once; beyond the limits it is not kept.
func (m *asked) remember(payment pos.PaymentID, a asker) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if a.at.Sub(m.swept) > time.Minute {
		m.sweep(a.at)
	}
	list := m.by[payment]
	for _, old := range list {
		if old.hash == a.hash {
			return
		}
	}
	if m.count >= rememberCalls {
		return
	}
	if len(list) >= rememberEach {
		list = list[1:]
		m.count--
	}
	m.by[payment] = append(list, &a)
	m.count++
}

// sweep forgets the old ones.
func (m *asked) sweep(now time.Time) {
	m.swept = now
	for payment, list := range m.by {
		for len(list) > 0 && now.Sub(list[0].at) > rememberFor {
			list = list[1:]
			m.count--
		}
		if m.by[payment] = list; len(list) == 0 {
			delete(m.by, payment)
		}
	}
}

// news lists the askers who do not know a standing yet, as copies, and forgets all when nothing more is to come.
func (m *asked) news(payment pos.PaymentID, st *standing) (list []asker) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, a := range m.by[payment] {
		if st.n > a.n || st.n == a.n && st.task.Text != a.text {
			a.heard(st)
			list = append(list, *a)
		}
	}
	if st.settled() {
		m.count -= len(m.by[payment])
		delete(m.by, payment)
	}
	return list
}
