package hypercomsim_test

import (
	"context"
	"errors"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/tillproof/tillproof/drivers/drivertest"
	"github.com/tillproof/tillproof/drivers/hypercom/codec"
	"github.com/tillproof/tillproof/drivers/stx"
	"github.com/tillproof/tillproof/simulator/hypercomsim"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// raw is a till without a driver: it sees every byte.
type raw struct {
	t       *testing.T
	pt      *hypercomsim.Terminal
	form    codec.Form
	near    *drivertest.End
	served  chan error
	decoder stx.Decoder
	seen    []stx.Event
	all     []byte

	mu     sync.Mutex
	events []hypercomsim.Event
}

// rawly plugs a till into a fresh terminal, in virtual time.
func rawly(t *testing.T, o hypercomsim.Options, script func(*raw)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		pt, err := hypercomsim.New(o)
		if err != nil {
			t.Fatal(err)
		}
		r := &raw{t: t, pt: pt, form: codec.Usual()}
		if o.Profile == hypercomsim.Ecuador {
			r.form.Field, r.form.Open = stx.Binary, true
		}
		pt.Observe(func(e hypercomsim.Event) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.events = append(r.events, e)
		})
		r.plug()
		script(r)
		_ = r.near.Close()
		if err := <-r.served; err == nil {
			t.Error("Serve ended without an error")
		}
		if err := pt.Close(); err != nil {
			t.Error(err)
		}
	})
}

// plug gives till and terminal a new wire.
func (r *raw) plug() {
	near, far := drivertest.Wire()
	if r.near != nil {
		_ = r.near.Close()
		<-r.served
	}
	r.near, r.served, r.seen, r.decoder = near, make(chan error, 1), nil, stx.Decoder{Rules: r.form.Rules(), Any: true}
	go func(served chan error) { served <- r.pt.Serve(context.Background(), far) }(r.served)
}

// write sends bytes.
func (r *raw) write(b ...byte) {
	r.t.Helper()
	if _, err := r.near.Write(b); err != nil {
		r.t.Fatal(err)
	}
}

// frame is a request on the wire.
func (r *raw) frame(direction byte, code string, fields ...codec.Field) []byte {
	return r.form.Rules().Frame(r.form.Payload(codec.Message{Direction: direction, Code: code, Fields: fields}))
}

// hear is what the terminal says next within a time; of a silent one the kind is 0.
func (r *raw) hear(within time.Duration) stx.Event {
	r.t.Helper()
	for until := time.Now().Add(within); len(r.seen) == 0; {
		_ = r.near.SetReadDeadline(until)
		buf := make([]byte, 64)
		n, err := r.near.Read(buf)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			if r.seen = r.decoder.Flush(); len(r.seen) == 0 {
				return stx.Event{}
			}
		} else if err != nil {
			return stx.Event{Err: err}
		}
		r.all = append(r.all, buf[:n]...)
		for _, b := range buf[:n] {
			r.seen = append(r.seen, r.decoder.Feed(b)...)
		}
	}
	e := r.seen[0]
	r.seen = r.seen[1:]
	return e
}

// says checks that the terminal says a control byte.
func (r *raw) says(control byte) {
	r.t.Helper()
	if e := r.hear(5 * time.Second); e.Kind != stx.GotControl || e.Payload[0] != control {
		r.t.Fatalf("%+v, want %02x", e, control)
	}
}

// answer takes an answer and acknowledges it.
func (r *raw) answer() codec.Message {
	r.t.Helper()
	m := r.answered()
	r.write(stx.ACK)
	return m
}

// answered takes an answer.
func (r *raw) answered() codec.Message {
	r.t.Helper()
	e := r.hear(3 * time.Minute)
	if e.Kind != stx.GotFrame {
		r.t.Fatalf("%+v, want an answer", e)
	}
	m, err := r.form.Parse(e.Payload)
	if err != nil || m.Direction != codec.Answer {
		r.t.Fatalf("%+v, %v", m, err)
	}
	return m
}

// ask has a request answered.
func (r *raw) ask(code string, fields ...codec.Field) codec.Message {
	r.t.Helper()
	r.write(r.frame(codec.Request, code, fields...)...)
	r.says(stx.ACK)
	return r.answer()
}

func amount(minor int64) codec.Field { return codec.Text("40", codec.Amount(minor)) }

// counted is how many events of a moment there were.
func (r *raw) counted(m hypercomsim.Moment) (n int) {
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.events {
		if e.Moment == m {
			n++
		}
	}
	return n
}

// wants checks fields of an answer.
func (r *raw) wants(m codec.Message, response string, fields ...string) {
	r.t.Helper()
	if m.Response != response {
		r.t.Errorf("%s answered by %s, want %s", m.Code, m.Response, response)
	}
	for i := 0; i < len(fields); i += 2 {
		if got := m.Text(fields[i]); got != fields[i+1] {
			r.t.Errorf("field %s is %q, want %q", fields[i], got, fields[i+1])
		}
	}
}
