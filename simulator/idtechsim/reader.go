package idtechsim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/simulator/chassis"
	"github.com/tillproof/tillproof/simulator/dukpt"
)

// What keeps a reader from sending.
var (
	// ErrClosed is returned after Close.
	ErrClosed = errors.New("the simulated reader is switched off")
	// ErrUnplugged says that there is no wire at the moment.
	ErrUnplugged = errors.New("the simulated reader is not plugged in")
)

// Options of a reader. What its memory holds already goes before them.
type Options struct {
	Path     string          // file of the memory; "" keeps nothing
	Serial   string          // ten characters; SIM0000001 when empty
	KSN      []byte          // of the last swipe; FFFF9876543210E00000 when nil, with no swipe before the first
	Level    string          // of security; "3" when empty
	Settings map[byte][]byte // that differ from a new reader's, by function
	BaseKey  []byte          // the public test key when nil
	Chunk    int             // bytes of a write; all at once when 0
	Pause    time.Duration   // between writes
	NEO2     bool            // it reads chip and contactless cards, and speaks as such readers do
	AES      bool            // such a reader encrypts by AES
	Unknown  []byte          // commands that such a reader does not know
	Hold     time.Duration   // how long a customer holds a card to such a reader that does not ask for one; two seconds when 0
	Away     time.Duration   // how long an unplugged reader stays away from Run; one second when 0
}

func (o Options) withDefaults() Options {
	if o.Serial == "" {
		o.Serial = "SIM0000001"
	}
	if o.KSN == nil {
		o.KSN = []byte{0xFF, 0xFF, 0x98, 0x76, 0x54, 0x32, 0x10, 0xE0, 0, 0}
	}
	if o.Level == "" {
		o.Level = "3"
	}
	if o.Hold == 0 {
		o.Hold = 2 * time.Second
	}
	if o.Away == 0 {
		o.Away = time.Second
	}
	if o.BaseKey == nil {
		o.BaseKey = dukpt.TestBaseKey()
	}
	return o
}

// Moment names what a reader has done.
type Moment string

// The moments.
const (
	Answered Moment = "answered" // a request
	Swiped   Moment = "swiped"   // a card; its bytes are on the line
	Asked    Moment = "asked"    // NEO2: it asks for a card now
)

// Event is told to observers, on the goroutine that made it happen. An observer must not call the reader.
type Event struct {
	Moment   Moment
	Command  byte   // of a request
	Function byte   // of a request that has one
	Bytes    int    // that were sent
	Amount   []byte // of Asked: as the host has sent it, nil without one
}

// Reader is a simulated reader. Its methods may be called from any goroutine; one Serve runs at a time.
type Reader struct {
	options Options
	serving sync.Mutex // held while Serve runs
	sending sync.Mutex // held while bytes go out, so that frames do not mix
	ctx     context.Context
	cancel  context.CancelFunc

	mu       sync.Mutex
	memory   Memory
	wire     io.ReadWriteCloser // nil while unplugged
	mute     bool               // answers nothing
	field    field              // NEO2: what it asks for, and who holds a card to it
	observer func(Event)
}

// New switches a reader on.
func New(o Options) (*Reader, error) {
	o = o.withDefaults()
	if len(o.Serial) != 10 || len(o.KSN) != drivers.KSNSize {
		return nil, fmt.Errorf("serial number %q or key serial number of the simulated reader is not of ten", o.Serial)
	}
	m, err := loadOrNew(o)
	if err != nil {
		return nil, err
	}
	r := &Reader{options: o, memory: m}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	return r, nil
}

// Observe sets who is told of events; nil for nobody.
func (r *Reader) Observe(f func(Event)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.observer = f
}

// Memory is a copy of what the reader holds now.
func (r *Reader) Memory() Memory {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.memory.copy()
}

// SetLevel changes the security level, as somebody does who takes the keys away.
func (r *Reader) SetLevel(level string) error {
	return r.change(func(m *Memory) { m.Level = level })
}

// Set changes a setting, as somebody does with the maker's own program.
func (r *Reader) Set(function byte, value ...byte) error {
	return r.change(func(m *Memory) { m.Settings[fmt.Sprintf("%02x", function)] = fmt.Sprintf("%x", value) })
}

// Mute makes the reader answer no request, or answer them again.
func (r *Reader) Mute(mute bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.mute = mute
}

func (r *Reader) muted() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.mute
}

// change alters the memory and makes that durable.
func (r *Reader) change(alter func(*Memory)) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	alter(&r.memory)
	return chassis.Save(r.options.Path, &r.memory)
}

// Swipe draws cards through the reader: what they make goes out in one piece, one behind the other. It fails when the wire does.
//
// A reader of chip and contactless cards answers with a card when it is asked for one: the cards are held to it one after the other until then.
func (r *Reader) Swipe(cards ...Card) error {
	if r.options.NEO2 {
		return r.present(cards)
	}
	var all []byte
	for _, c := range cards {
		out, err := r.Draw(c)
		if err != nil {
			return err
		}
		all = append(all, out...)
	}
	err := r.Send(all)
	r.tell(Event{Moment: Swiped, Bytes: len(all)})
	return err
}

// Draw makes what a card puts on the line and sends nothing of it. The key that it took is stored before it returns.
func (r *Reader) Draw(c Card) ([]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.field.rest()
	out, err := r.output(c)
	return append(slices.Clone(c.Junk), out...), errors.Join(err, chassis.Save(r.options.Path, &r.memory))
}

// Send puts bytes on the line, in the pieces that the options want.
func (r *Reader) Send(b []byte) error {
	r.sending.Lock()
	defer r.sending.Unlock()
	for len(b) > 0 {
		n := len(b)
		if r.options.Chunk > 0 {
			n = min(n, r.options.Chunk)
		}
		wire := r.plugged()
		if wire == nil {
			return ErrUnplugged
		}
		if _, err := wire.Write(b[:n]); err != nil {
			return err
		}
		if b = b[n:]; len(b) > 0 && !r.rest(r.options.Pause) {
			return ErrClosed
		}
	}
	return nil
}

func (r *Reader) plugged() io.ReadWriteCloser {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.wire
}

func (r *Reader) tell(e Event) {
	r.mu.Lock()
	f := r.observer
	r.mu.Unlock()
	if f != nil {
		f(e)
	}
}

// rest waits, and says whether the reader is still on then.
func (r *Reader) rest(d time.Duration) bool {
	if d <= 0 {
		return r.ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-r.ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
