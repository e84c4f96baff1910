package drivers_test

import (
	"testing"

	"github.com/tillproof/tillproof/drivers"
)

func TestFramed(t *testing.T) {
	usual := drivers.Line{Baud: 9600, DataBits: 8, Parity: drivers.NoParity, StopBits: 1}
	for how, want := range map[string]drivers.Line{
		"":    usual,
		"8N1": usual,
		"7e1": {Baud: 9600, DataBits: 7, Parity: drivers.EvenParity, StopBits: 1},
		"8O2": {Baud: 9600, DataBits: 8, Parity: drivers.OddParity, StopBits: 2},
	} {
		if got, err := usual.Framed(how); err != nil || got != want {
			t.Errorf("%q: %+v, %v", how, got, err)
		}
	}
	for _, how := range []string{"8", "8N", "9N1", "8X1", "8N3", "8N1 ", "78N1"} {
		if got, err := usual.Framed(how); err == nil || got != usual {
			t.Errorf("%q: %+v", how, got)
		}
	}
}
