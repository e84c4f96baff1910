package engine

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
)

// DeviceState is what the screen and the API show of a device.
type DeviceState string

// The states of a device.
const (
	Ready   DeviceState = "ready"
	Busy    DeviceState = "busy"
	Opening DeviceState = "opening"
	Failed  DeviceState = "failed"
	Absent  DeviceState = "absent"
)

// station is the place of one card terminal: its state, and the command that waits for its goroutine. At most one job is on its way at any time.
type station struct {
	name      pos.DeviceName
	jobs      chan *job
	questions chan chan struct{} // asks for what is unresolved to be asked for now; closed when that is done
	deciding  sync.Mutex         // held from reading what is unresolved to acting on it
	lacks     []drivers.Function // that it cannot do; never changes
	rests     time.Time          // until when it may be left alone, zero before that is known; only who attends it touches it

	mu    sync.Mutex
	state DeviceState
	text  string
	last  drivers.Last // the terminal's last transaction
	lease int          // counts the times that the wire was given up

	chores []drivers.Chore // never changed in place
	doubts
}

func newStation(name pos.DeviceName) *station {
	return &station{name: name, jobs: make(chan *job, 1), questions: make(chan chan struct{}), state: Opening, text: "not opened yet"}
}

// job is a command on its way through a device.
type job struct {
	payment  pos.PaymentID // that it is about, zero when it is about none
	run      func(ctx context.Context, s *station, terminal drivers.CardTerminal, j *job) error
	unsent   func(j *job, cause error) error // ends what never reached the terminal
	cancel   chan struct{}
	once     sync.Once
	progress string // guarded by Engine.mu
}

func (j *job) stop() { j.once.Do(func() { close(j.cancel) }) }

// reserve takes a ready device, so that nobody else sells on it until release. The lease tells whether the device is still the same when the
// sale is handed over.
func (e *Engine) reserve(name pos.DeviceName) (s *station, lease int, err error) {
	if s = e.station(name); s == nil {
		return nil, 0, errDevice(name, "there is no such card terminal in the configuration.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case !s.unresolved.IsZero():
		return nil, 0, errDeviceUnresolved(s.name, s.unresolved)
	case s.state == Busy:
		return nil, 0, errDevice(s.name, "it is busy with another sale.")
	case s.state != Ready:
		return nil, 0, errDevice(s.name, fmt.Sprintf("it is %s (%s).", s.state, s.text))
	}
	s.state, s.text = Busy, "a sale is running"
	return s, s.lease, nil
}

// submit hands a command to the device's goroutine, unless the wire was given up since the device was reserved.
func (s *station) submit(j *job, lease int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lease != lease {
		return false
	}
	s.jobs <- j // has room: only the holder of the lease submits, once
	return true
}

// start hands a command to the device that was reserved for it. If the wire was given up meanwhile, the command is ended as unsent.
func (e *Engine) start(s *station, lease int, j *job) error {
	j.cancel = make(chan struct{})
	e.mu.Lock()
	e.running[j.payment] = j
	e.mu.Unlock()
	if !s.submit(j, lease) {
		return j.unsent(j, errDevice(s.name, "its wire failed."))
	}
	return nil
}

// giveUp ends the lease and returns the command that was handed over and not begun, if any.
func (s *station) giveUp() *job {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lease++
	s.state, s.text, s.waits = Opening, "the wire is being opened", false
	select {
	case j := <-s.jobs:
		return j
	default:
		return nil
	}
}

func (e *Engine) station(name pos.DeviceName) *station {
	for _, s := range e.stations {
		if name == "" || s.name == name {
			return s
		}
	}
	return nil
}

// release makes the device ready again, unless a payment on it waits for a person.
func (s *station) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.free()
}

// free is release for who holds mu.
func (s *station) free() {
	if s.state, s.text, s.waits = Ready, "", false; !s.unresolved.IsZero() {
		s.state, s.text, s.waits = Busy, s.waitingFor(), true
	}
}

func (s *station) set(state DeviceState, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state, s.text, s.waits = state, text, false
}

func (s *station) setLast(last drivers.Last) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = last
}

// before is the base line for a recovery, nil when the terminal has no transaction yet.
func (s *station) before() *record.Last {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last == (drivers.Last{}) {
		return nil
	}
	return &record.Last{Trace: s.last.Trace, ReceiptNo: s.last.ReceiptNo, Untold: s.last.Untold}
}

// Device is the state of one device, for people.
type Device struct {
	Name  pos.DeviceName
	State DeviceState
	Text  string
	Code  pos.ErrorCode // of the error by which it is failed or absent, "" in every other state

	Chores []drivers.Chore // of a card terminal, known once it was opened
}

// Devices tells the states of all card terminals, scanners and card readers.
func (e *Engine) Devices() []Device {
	list := []Device{}
	for _, s := range slices.Concat(e.stations, e.scanners) {
		s.mu.Lock()
		list = append(list, Device{Name: s.name, State: s.state, Text: s.text, Chores: s.chores})
		s.mu.Unlock()
	}
	return e.faults.explain(append(list, e.readerDevices()...))
}

// SetDevice lets the supervisor tell why a device is not attended.
func (e *Engine) SetDevice(name pos.DeviceName, state DeviceState, text string) {
	if e.setReader(name, state, text) {
		return
	}
	for _, s := range slices.Concat(e.stations, e.scanners) {
		if s.name == name {
			s.set(state, text)
		}
	}
}
