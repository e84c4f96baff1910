package engine

import (
	"sync"

	"github.com/tillproof/tillproof/pos"
)

// faults keeps the codes by which devices were failed or absent last. The zero value is ready.
type faults struct {
	mu    sync.Mutex
	codes map[pos.DeviceName]pos.ErrorCode
}

func (f *faults) note(name pos.DeviceName, code pos.ErrorCode) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.codes == nil {
		f.codes = map[pos.DeviceName]pos.ErrorCode{}
	}
	f.codes[name] = code
}

// explain adds the code to a device that is failed or absent.
func (f *faults) explain(list []Device) []Device {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range list {
		if d := &list[i]; d.State == Failed || d.State == Absent {
			d.Code = f.codes[d.Name]
		}
	}
	return list
}

// FailDevice is [Engine.SetDevice] for a device that is failed or absent, with the code of the error that says why.
func (e *Engine) FailDevice(name pos.DeviceName, state DeviceState, code pos.ErrorCode, text string) {
	e.faults.note(name, code)
	e.SetDevice(name, state, text)
}
