package acquirer

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"time"

	proto "github.com/tillproof/tillproof/sync/acquirer"
)

// maxRequest bounds what is read of a request, in bytes.
const maxRequest = 64 << 10

// Handler serves the protocol as [proto.Handler] does, and spoils the answers that a [Customer] has in Wrong.
func (a *Acquirer) Handler(secret string) http.Handler {
	return &spoiler{acquirer: a, honest: proto.Handler(a, secret)}
}

// spoiler stands between the books and the line.
type spoiler struct {
	acquirer *Acquirer
	honest   http.Handler
}

// ServeHTTP implements [http.Handler].
func (s *spoiler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxRequest))
	if err != nil {
		http.Error(w, "the request broke off", http.StatusBadRequest)
		return
	}
	ref := refOf(body)
	wrong := s.acquirer.nextWrong(ref)
	if wrong == Unavailable {
		http.Error(w, "maintenance", http.StatusServiceUnavailable)
		return
	}
	if wrong == OtherCall {
		(&written{status: http.StatusOK}).send(w, wrong, s.acquirer.before(ref))
		return
	}
	if wrong == Twice {
		s.ask(r, body) // a proxy on the way has sent it two times; the answer is that of the second
	}
	answer := s.ask(r, body)
	s.acquirer.remember(ref, answer.body.Bytes())
	if r.Context().Err() != nil {
		panic(http.ErrAbortHandler) // nobody waits any more
	}
	answer.send(w, wrong, nil)
}

// ask carries a request out.
func (s *spoiler) ask(r *http.Request, body []byte) *written {
	again := r.Clone(r.Context())
	again.Body = io.NopCloser(bytes.NewReader(body))
	w := &written{header: http.Header{}, status: http.StatusOK}
	s.honest.ServeHTTP(w, again)
	return w
}

// refOf is the ref that a request is about, "" when it names none.
func refOf(body []byte) string {
	var m struct {
		Ref   string
		Order struct{ Ref string }
	}
	_ = json.Unmarshal(body, &m) // what is no request is refused further on
	if m.Order.Ref != "" {
		return m.Order.Ref
	}
	return m.Ref
}

// nextWrong takes the next wrong answer off a ref's plan, "" for none.
func (a *Acquirer) nextWrong(ref string) Wrong {
	a.mu.Lock()
	defer a.unlock()
	c, planned := a.planned[ref]
	if !planned || len(c.Wrong) == 0 {
		return ""
	}
	wrong := c.Wrong[0]
	if c.Wrong = c.Wrong[1:]; wrong == "" {
		return ""
	}
	a.events = append(a.events, Event{Moment: wrong.Moment(), Ref: ref, At: time.Now().UnixMilli()})
	return wrong
}

// remember keeps an answer.
func (a *Acquirer) remember(ref string, answer []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.answered[ref], a.latest = answer, answer
}

// before is the last answer about a ref, or about any when there is none.
func (a *Acquirer) before(ref string) []byte {
	a.mu.Lock()
	defer a.mu.Unlock()
	if answer, known := a.answered[ref]; known {
		return answer
	}
	return a.latest
}

// written is an answer before it leaves.
type written struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header implements [http.ResponseWriter].
func (w *written) Header() http.Header { return w.header }

// WriteHeader implements [http.ResponseWriter].
func (w *written) WriteHeader(status int) { w.status = status }

// Write implements [http.ResponseWriter].
func (w *written) Write(b []byte) (int, error) { return w.body.Write(b) }
