package zvt

import (
	"errors"
	"os"
	"testing"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/zvt/codec"
	"github.com/tillproof/tillproof/pos"
)

// finish plays the rest of an approved sale.
func (d *device) finish() {
	d.asks(succeeds, okay)
	d.asks(completes, okay)
}

// TestSerialFaultsThatASaleSurvives breaks the link in each way that PA00P016 repairs.
func TestSerialFaultsThatASaleSurvives(t *testing.T) {
	cases := []struct {
		name   string
		script func(*device)
	}{
		{"NAK once", func(d *device) {
			d.hears("06 01")
			d.raw(codec.NAK)
			d.accepts()
			d.finish()
		}},
		{"the ACK of the command lost, its reply proves it", func(d *device) {
			d.hears("06 01")
			d.says(okay)
			d.finish()
		}},
		{"the command lost twice", func(d *device) {
			d.hears("06 01")
			d.hears("06 01")
			d.accepts()
			d.finish()
		}},
		{"a garbled reply", func(d *device) {
			d.takes("06 01")
			frame := codec.Frame(plain(okay))
			frame[3] ^= 0x40
			d.raw(frame...)
			d.control(codec.GotNAK)
			d.says(okay)
			d.finish()
		}},
		{"a gap in the reply", func(d *device) {
			d.takes("06 01")
			frame := codec.Frame(plain(okay))
			d.raw(frame[:4]...)
			time.Sleep(300 * time.Millisecond)
			d.control(codec.GotNAK)
			d.says(okay)
			d.finish()
		}},
		{"a slow reply without a gap", func(d *device) {
			d.takes("06 01")
			for _, b := range codec.Frame(plain(okay)) {
				time.Sleep(190 * time.Millisecond)
				d.raw(b)
			}
			d.control(codec.GotACK)
			d.finish()
		}},
		{"a reply begun anew", func(d *device) {
			d.takes("06 01")
			d.raw(codec.Frame(plain(okay))[:5]...)
			d.says(okay)
			d.finish()
		}},
		{"frames with a right CRC whose length is wrong", func(d *device) {
			d.accepts()
			d.asks("04 FF FF FF FF 0A", okay)
			d.asks("04 FF 02 0A", okay)
			d.finish()
		}},
		{"junk between the frames", func(d *device) {
			d.accepts()
			d.raw(0x00, 0xFF, 0x41)
			d.finish()
		}},
		{"our ACK to the result lost", func(d *device) {
			d.accepts()
			d.says(succeeds)
			d.hears(okay)
			d.says(succeeds)
			d.takes(okay)
			d.asks(completes, okay)
		}},
		{"the result repeated before our answer", func(d *device) {
			d.accepts()
			d.raw(append(codec.Frame(plain(succeeds)), codec.Frame(plain(succeeds))...)...)
			d.control(codec.GotACK)
			d.control(codec.GotFrame)
			d.control(codec.GotACK)
			d.raw(codec.ACK)
			d.asks(completes, okay)
		}},
		{"our ACK and our answer lost, and the answer repeated a moment before the result", func(d *device) {
			d.accepts()
			d.says(succeeds)
			d.hears(okay)
			d.hears(okay) // and takes it for a repetition of the answer to something older
			d.writes(succeeds)
			d.raw(codec.ACK)
			d.control(codec.GotACK)
			d.takes(okay)
			d.asks(completes, okay)
		}},
		{"our ACK and our answer lost, and the result repeated a moment before the answer", func(d *device) {
			d.accepts()
			d.says(succeeds)
			d.hears(okay)
			time.Sleep(4 * time.Second)
			d.says(succeeds)
			d.takes(okay) // at once, not a second later
			d.asks(completes, okay)
		}},
		{"the ACK of our answer lost, the next command proves it", func(d *device) {
			d.accepts()
			d.says(succeeds)
			d.hears(okay)
			d.asks(completes, okay)
		}},
		{"stray and doubled replies", func(d *device) {
			d.accepts()
			d.says(okay)
			d.finish()
		}},
		{"a repetition of the next command while our answer was still open", func(d *device) {
			d.accepts()
			d.says(succeeds)
			d.hears(okay)
			d.says(completes)
			d.hears(okay)
			d.says(completes)
			d.raw(codec.ACK)
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			play(t, false, c.script, func(s *saleTest) {
				out, err := s.sell()
				if err != nil || out.Result.Decision != drivers.Approved || len(s.stored) != 1 {
					t.Errorf("%+v, %v, stored %d", out, err, len(s.stored))
				}
			})
		})
	}
}

func TestHowFarThePaymentGot(t *testing.T) {
	cases := []struct {
		name   string
		script func(*device)
		retry  pos.Retry
		money  pos.MoneyState
	}{
		{"NAK three times", func(d *device) {
			for range 3 {
				d.hears("06 01")
				d.raw(codec.NAK)
			}
		}, pos.Transient, pos.NoneMoved},
		{"refused after a repetition, which may be of a payment that was begun", func(d *device) {
			d.hears("06 01")
			d.takes("06 01")
			d.says("84 9C 00")
		}, pos.OutcomeUnknown, pos.MoneyUnknown},
		{"refused after a NAK", func(d *device) {
			d.hears("06 01")
			d.raw(codec.NAK)
			d.takes("06 01")
			d.says("84 9C 00")
		}, pos.Transient, pos.NoneMoved},
		{"NAK twice and then silence", func(d *device) {
			d.hears("06 01")
			d.raw(codec.NAK)
			d.hears("06 01")
			d.raw(codec.NAK)
			d.hears("06 01")
		}, pos.OutcomeUnknown, pos.MoneyUnknown},
		{"silence", func(d *device) {
			for range 3 {
				d.hears("06 01")
			}
		}, pos.OutcomeUnknown, pos.MoneyUnknown},
		{"ACK and then silence", func(d *device) { d.takes("06 01") }, pos.OutcomeUnknown, pos.MoneyUnknown},
		{"unplugged after the command", func(d *device) {
			d.hears("06 01")
			d.conn.Close()
		}, pos.OutcomeUnknown, pos.MoneyUnknown},
		{"a command of the terminal crosses ours", func(d *device) {
			d.hears("06 01")
			d.says("04 FF 01 0A")
		}, pos.OutcomeUnknown, pos.MoneyUnknown},
		{"refused for good", func(d *device) {
			d.takes("06 01")
			d.says("84 C3 00")
		}, pos.Permanent, pos.NoneMoved},
		{"ended without a reply by a terminal that is locked", func(d *device) {
			d.takes("06 01")
			d.asks("06 1E 01 59", okay)
		}, pos.Permanent, pos.NoneMoved},
		{"an end of something else, and then silence of a command that was taken", func(d *device) {
			d.takes("06 01")
			d.asks("06 1E 01 6C", okay)
			d.says(okay)
		}, pos.OutcomeUnknown, pos.MoneyUnknown},
		{"ended without a reply behind a success, which contradict", func(d *device) {
			d.takes("06 01")
			d.asks(succeeds, "84 FF 00")
			d.asks("06 1E 01 6C", okay)
		}, pos.OutcomeUnknown, pos.MoneyUnknown},
		{"refused for now", func(d *device) {
			d.takes("06 01")
			d.says("84 F0 00")
		}, pos.Transient, pos.NoneMoved},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			play(t, false, func(d *device) { c.script(d); quietWire(d) }, func(s *saleTest) {
				_, err := s.sell()
				s.wantClass(err, c.retry, c.money)
				if len(s.stored) != 0 {
					t.Errorf("stored %+v", s.stored)
				}
			})
		})
	}
}

func TestNothingWasSentOverADeadWire(t *testing.T) {
	for _, stream := range []bool{false, true} {
		play(t, stream, func(d *device) { d.conn.Close() }, func(s *saleTest) {
			time.Sleep(time.Second)
			_, err := s.sell()
			s.wantClass(err, pos.Transient, pos.NoneMoved)
		})
	}
}

// TestResendsKeepTheirTimes counts the sends of a command that nobody answers: at once, after T2, after twice T2.
func TestResendsKeepTheirTimes(t *testing.T) {
	var at []time.Duration
	play(t, false, func(d *device) {
		begun := time.Now()
		for range 3 {
			d.hears("06 01")
			at = append(at, time.Since(begun).Round(100*time.Millisecond))
		}
		quietWire(d)
	}, func(s *saleTest) {
		_, err := s.sell()
		if !errors.Is(err, errSilent) {
			t.Errorf("%v", err)
		}
	})
	if len(at) != 3 || at[0] != 0 || at[1] != 5*time.Second || at[2] != 10*time.Second {
		t.Errorf("sent after %v", at)
	}
}

func TestFloodOfCommandsIsEnded(t *testing.T) {
	play(t, false, func(d *device) {
		d.hears("06 01")
		for i := range byte(100) {
			_, _ = d.conn.Write(codec.Frame([]byte{0x04, 0xFF, 0x01, i})) // until the till hangs up
		}
		quietWire(d)
	}, func(s *saleTest) {
		_, err := s.sell()
		s.wantClass(err, pos.OutcomeUnknown, pos.MoneyUnknown)
		if !errors.Is(err, errFlood) {
			t.Errorf("%v", err)
		}
	})
}

func TestStalledStreamBreaks(t *testing.T) {
	play(t, true, func(d *device) {
		d.takes("06 01")
		d.writes(okay)
		d.raw(0x04, 0x0F, 0xFF, 0xFF, 0xFF, 0x27)
		quietWire(d)
	}, func(s *saleTest) {
		begun := time.Now()
		_, err := s.sell()
		s.wantClass(err, pos.OutcomeUnknown, pos.MoneyUnknown)
		if !errors.Is(err, errStalled) || time.Since(begun) > 10*time.Second {
			t.Errorf("%v after %v", err, time.Since(begun))
		}
	})
}

// stuck is a wire on which nothing comes and every write fails after some bytes.
type stuck struct{ takes int }

func (stuck) Read([]byte) (int, error)         { return 0, os.ErrDeadlineExceeded }
func (s stuck) Write([]byte) (int, error)      { return s.takes, os.ErrDeadlineExceeded }
func (stuck) Close() error                     { return nil }
func (stuck) SetReadDeadline(time.Time) error  { return nil }
func (stuck) SetWriteDeadline(time.Time) error { return nil }

func TestAWriteThatFailsAfterSomeBytes(t *testing.T) {
	for _, stream := range []bool{false, true} {
		for takes, want := range []pos.Retry{pos.Transient, pos.OutcomeUnknown} {
			made, err := newTerminal(stuck{takes}, drivers.Settings{Currency: "EUR", Stream: stream})
			if err != nil {
				t.Fatal(err)
			}
			s := &saleTest{t: t, terminal: made.(*terminal)}
			s.terminal.registered = true
			_, err = s.sell()
			s.wantClass(err, want, map[pos.Retry]pos.MoneyState{pos.Transient: pos.NoneMoved, pos.OutcomeUnknown: pos.MoneyUnknown}[want])
		}
	}
}
