package stx_test

import (
	"bytes"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/drivertest"
	"github.com/tillproof/tillproof/drivers/stx"
)

// A frame whose end nobody knows is refused once, when the line is quiet, and its repetition is taken.
func TestALineRefusesALengthThatIsNone(t *testing.T) {
	rules := &stx.Rules{Max: 9999, Controls: []byte{stx.ACK, stx.NAK}, Length: stx.BCD}
	good := rules.Frame([]byte("65\x00\x06000417\x1CD1\x00\x15597029414300123\x1C"))
	for name, spoil := range map[string]func([]byte){
		"no number": func(b []byte) { b[1] = 0x0A },
		"too short": func(b []byte) { b[2] = 0x04 },
		"too long":  func(b []byte) { b[1] = 0x90 },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				near, far := drivertest.Wire()
				line, damaged := stx.NewLine(near, rules), bytes.Clone(good)
				spoil(damaged)
				_, _ = far.Write(damaged)
				if e, err := line.Next(t.Context(), soon()); !errors.Is(err, drivers.ErrQuiet) {
					t.Fatalf("%+v, %v", e, err)
				}
				_, _ = far.Write(good)
				e, err := line.Next(t.Context(), soon())
				if err != nil || !bytes.Equal(e.Raw, good) {
					t.Fatalf("%+v, %v", e, err)
				}
				if err := line.Accept(&e); err != nil {
					t.Fatal(err)
				}
				if e.Wipe(); len(bytes.Trim(e.Payload, "\x00")) > 0 {
					t.Errorf("left: %q", e.Payload)
				}
				said := make([]byte, 10)
				_ = far.SetReadDeadline(time.Now().Add(time.Second))
				if n, _ := far.Read(said); !bytes.Equal(said[:n], []byte{stx.NAK, stx.ACK}) {
					t.Errorf("said % x", said[:n])
				}
			})
		})
	}
}
