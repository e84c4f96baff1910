//go:build linux || darwin

package serialport_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/serialport"
	"github.com/tillproof/tillproof/simulator/wire"
)

func TestAPortThatIsHeldNamesItsHolder(t *testing.T) {
	far, err := wire.OpenPTY()
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	if who := serialport.Holder(far.Path()); who != "" {
		t.Errorf("held by %q before anybody opened it", who)
	}
	release, err := serialport.Hold(far.Path())
	if err != nil {
		t.Fatal(err)
	}
	if who := serialport.Holder(far.Path()); !strings.Contains(who, fmt.Sprint(os.Getpid())) {
		t.Errorf("held by us, and it says %q", who)
	}
	line := drivers.Line{Baud: 9600, DataBits: 8, Parity: drivers.NoParity, StopBits: 1}
	if _, err := serialport.Open(far.Path(), line); err == nil {
		t.Error("a port that is held was opened")
	}
	release()
	if who := serialport.Holder(far.Path()); who != "" {
		t.Errorf("held by %q after its release", who)
	}
	port, err := serialport.Open(far.Path(), line)
	if err != nil {
		t.Fatal(err)
	}
	defer port.Close()
	if serialport.Holder(far.Path()) == "" {
		t.Error("nobody holds an open port")
	}
	if _, err := serialport.Hold(far.Path()); err == nil {
		t.Error("an open port was held by another")
	}
	if _, err := serialport.Hold(filepath.Join(t.TempDir(), "none")); err == nil || serialport.Holder(filepath.Join(t.TempDir(), "none")) != "" {
		t.Error("a port that is not there is held")
	}
}
