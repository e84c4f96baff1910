package serialport

import (
	"errors"
	"io/fs"
	"strings"
	"testing"

	"go.bug.st/serial"
)

func TestExplainNamesTheCause(t *testing.T) {
	for _, c := range []struct {
		err  error
		text string
	}{
		{fs.ErrPermission, "may not be opened by this user"},
		{fs.ErrNotExist, "no serial device"},
		{&serial.PortError{}, "in use by another program"}, // the zero code is PortBusy
		{errors.New("other"), "cannot be opened"},
	} {
		if got := explain("/dev/ttyX", c.err); !strings.Contains(got.Error(), c.text) || !errors.Is(got, c.err) {
			t.Errorf("%v is explained as %v", c.err, got)
		}
	}
}

func TestGuardedReportsAPanic(t *testing.T) {
	err := guarded(func() error { panic("index out of range") })
	if !errors.Is(err, ErrUnplugged) || !strings.Contains(err.Error(), "index out of range") {
		t.Error(err)
	}
}
