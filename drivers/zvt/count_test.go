package zvt

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
)

// progress notes what is shown.
func (s *saleTest) progress(p drivers.Progress) { s.shown = append(s.shown, p.Text) }

// wantCode checks the code of an error of a command that moves nothing.
func (s *saleTest) wantCode(err error, code pos.ErrorCode, retry pos.Retry) {
	s.t.Helper()
	s.wantClass(err, retry, pos.NoneMoved)
	if known := (*pos.Error)(nil); errors.As(err, &known) && known.Code != code {
		s.t.Errorf("%v, want code %s", err, code)
	}
}

func TestCount(t *testing.T) {
	for _, stream := range []bool{false, true} {
		play(t, stream, func(d *device) {
			d.takes("06 10 03 00 00 00")
			d.says(okay)
			d.asks("04 FF 02 0E 05", okay)
			time.Sleep(4 * time.Minute) // the terminal has said that it may take five
			d.asks(dayTold, okay)
			d.asks("06 D1 03 81 5A 5A", okay)
			d.asks(completes, okay)
		}, func(s *saleTest) {
			want := theDay()
			want.Receipts = []drivers.Receipt{{For: drivers.ForAnyone, Lines: []string{"ZZ"}}}
			got, err := s.terminal.Count(context.Background(), s.progress)
			if err != nil || !reflect.DeepEqual(got, want) || !slices.Equal(s.shown, []string{"please wait"}) {
				t.Errorf("%+v, %v, shown %q", got, err, s.shown)
			}
		})
	}
}

func TestCountFails(t *testing.T) {
	for name, c := range map[string]struct {
		script func(*device)
		code   pos.ErrorCode
		retry  pos.Retry
	}{
		"no function":            {func(d *device) { d.says("84 83 00") }, notPossible, pos.Permanent},
		"busy":                   {func(d *device) { d.says("84 9C 00") }, deviceUnavailable, pos.Transient},
		"printed, but not told":  {func(d *device) { d.says(okay); d.asks(completes, okay) }, notPossible, pos.Permanent},
		"told as a failure":      {func(d *device) { d.says(okay); d.asks("04 0F 02 27 6C", okay); d.asks("06 1E 01 6C", okay) }, terminalRefused, pos.Permanent},
		"not told and failed":    {func(d *device) { d.says(okay); d.asks("06 1E 01 83", okay) }, notPossible, pos.Permanent},
		"a failure, then an end": {func(d *device) { d.says(okay); d.asks("04 0F 02 27 6C", okay); d.asks(completes, okay) }, notPossible, pos.Permanent},
		"silence":                {func(d *device) { d.says(okay) }, deviceUnavailable, pos.Transient},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, false, func(d *device) { d.takes("06 10"); c.script(d) }, func(s *saleTest) {
				_, err := s.terminal.Count(context.Background(), s.progress)
				s.wantCode(err, c.code, c.retry)
			})
		})
	}
}

// TestReprint takes the copy as text where the till prints for the terminal, and none where it prints by itself.
func TestReprint(t *testing.T) {
	play(t, false, func(d *device) {
		d.takes("06 20 05 00 00 00 03 00")
		d.says(okay)
		d.asks("06 D3 0D 06 0B 1F 07 01 02 25 05 07 03 41 42 43", okay)
		d.asks("06 D1 02 00 44", okay)
		d.asks(completes, okay)
		d.takes("06 20 05 00 00 00 03 00")
		d.says(okay)
		d.asks(completes, okay)
		d.takes("06 20 05 00 00 00 03 00")
		d.says(okay)
		d.asks("06 1E 01 CC", okay)
	}, func(s *saleTest) {
		got, err := s.terminal.Reprint(context.Background(), s.progress)
		if err != nil || !slices.EqualFunc(got, []drivers.Receipt{{For: drivers.ForCustomer, Lines: []string{"ABC", "D"}}}, sameReceipt) {
			t.Errorf("%+v, %v", got, err)
		}
		if got, err := s.terminal.Reprint(context.Background(), s.progress); err != nil || len(got) != 0 {
			t.Errorf("%+v, %v", got, err)
		}
		_, err = s.terminal.Reprint(context.Background(), s.progress)
		s.wantCode(err, deviceUnavailable, pos.Transient)
	})
}

// TestService plays every chore, and what a terminal may refuse of them.
func TestService(t *testing.T) {
	again := func(d *device) { d.registration(registered) }
	for chore, c := range map[drivers.Chore]struct {
		script func(*device)
		text   string
	}{
		drivers.Restart: {func(d *device) { d.takes("06 18 00"); d.says(okay); d.asks(completes, okay) }, "The terminal restarts; it is back in about a minute."},
		drivers.PrintConfig: {func(d *device) {
			d.takes("06 1A 00")
			d.says(okay)
			d.asks("06 D1 03 81 5A 5A", okay)
			d.asks(completes, okay)
			again(d)
		}, "The terminal printed its configuration.\nZZ"},
		drivers.Diagnosis: {func(d *device) {
			d.takes("06 70 00")
			d.says(okay)
			d.asks("04 01 08 AA 26 11 22 0C 10 15 30", okay)
			d.asks(completes, okay)
			again(d)
		}, "The terminal reached its host; the diagnosis is good.\nThe host's clock says 2026-11-22 10:15:30, the till's 2000-01-01 00:00:00."},
		drivers.SetClock: {func(d *device) {
			d.takes("06 91 0B 00 00 00 AA 00 01 01 0C 00 00 00")
			d.says(okay)
			d.asks(completes, okay)
			again(d)
		}, "The terminal's clock is set to 2000-01-01 00:00:00."},
		drivers.Initialise: {func(d *device) {
			d.takes("06 93 03 00 00 00")
			d.says(okay)
			d.asks("04 FF 01 0E", okay)
			d.asks(completes, okay)
			again(d)
		}, "The terminal is initialised."},
	} {
		t.Run(string(chore), func(t *testing.T) {
			play(t, false, c.script, func(s *saleTest) {
				if !slices.Contains(s.terminal.Chores(), chore) {
					t.Error("not in the list")
				}
				got, err := s.terminal.Service(context.Background(), chore, s.progress)
				if err != nil || got != c.text || s.terminal.registered != (chore != drivers.Restart) {
					t.Errorf("%q, %v, registered %v", got, err, s.terminal.registered)
				}
			})
			play(t, false, func(d *device) { d.takes("06"); d.says("84 83 00"); d.takes("06"); d.says("84 6B 00") }, func(s *saleTest) {
				_, err := s.terminal.Service(context.Background(), chore, s.progress)
				s.wantCode(err, notPossible, pos.Permanent)
				_, err = s.terminal.Service(context.Background(), chore, s.progress)
				s.wantCode(err, deviceUnavailable, pos.Transient)
				if s.terminal.registered {
					t.Error("a terminal that says that it is not registered is taken for registered")
				}
			})
		})
	}
	play(t, false, quietWire, func(s *saleTest) {
		_, err := s.terminal.Service(context.Background(), drivers.LoadKeys, s.progress)
		s.wantCode(err, notPossible, pos.Permanent)
	})
}

// TestDiagnosisType is told where the shop's terminal wants one.
func TestDiagnosisType(t *testing.T) {
	play(t, false, func(d *device) {
		d.takes("06 70 05 06 03 1B 01 02")
		d.says("84 83 00")
	}, func(s *saleTest) {
		s.terminal.options.diagnosis = 2
		_, err := s.terminal.Service(context.Background(), drivers.Diagnosis, s.progress)
		s.wantCode(err, notPossible, pos.Permanent)
	})
}
