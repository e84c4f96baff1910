//go:build linux || darwin

package serialport

import (
	"testing"
	"time"

	"github.com/tillproof/tillproof/drivers"
)

// A port tells without a wait what a Read would find: nothing, bytes, the fault that ended it.
func TestAPortTellsWhatWaits(t *testing.T) {
	master, name := device(t)
	p := open(t, name, line8N2())
	if drivers.Waiting(p) {
		t.Error("bytes wait on a silent line")
	}
	if _, err := master.Write([]byte{0x06, 0x00}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the bytes to wait", p.Waiting)
	if n, err := p.Read(make([]byte, 1)); n != 1 || err != nil || !p.Waiting() {
		t.Errorf("read %d, %v; the second byte waits: %v", n, err, p.Waiting())
	}
	if n, err := p.Read(make([]byte, 8)); n != 1 || err != nil || p.Waiting() {
		t.Errorf("read %d, %v; something waits: %v", n, err, p.Waiting())
	}
	if err := p.SetReadDeadline(time.Now().Add(-time.Second)); err != nil || p.Waiting() {
		t.Errorf("a deadline passed: %v, something waits: %v", err, p.Waiting())
	}
	if err := master.Close(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the fault to be told", p.Waiting)
}
