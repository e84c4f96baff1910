package zvt

import (
	"context"
	"testing"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/zvt/codec"
	"github.com/tillproof/tillproof/pos"
)

// TestT4 is re-armed by progress, and set by it.
func TestT4(t *testing.T) {
	t.Run("four minutes with progress", func(t *testing.T) {
		play(t, false, func(d *device) {
			d.accepts()
			for range 24 {
				time.Sleep(10 * time.Second)
				d.asks("04 FF 01 01", okay)
			}
			d.finish()
		}, func(s *saleTest) {
			if _, err := s.sell(); err != nil || len(s.shown) != 24 || s.shown[0] != "01 look at the PIN pad" {
				t.Errorf("%v, shown %q", err, s.shown)
			}
		})
	})
	t.Run("silence as long as the terminal asked for", func(t *testing.T) {
		play(t, false, func(d *device) {
			d.accepts()
			d.asks("04 FF 02 0A 06", okay)
			time.Sleep(5 * time.Minute)
			d.finish()
		}, func(s *saleTest) {
			if _, err := s.sell(); err != nil {
				t.Error(err)
			}
		})
	})
	t.Run("a container without a T4 before it sets none", func(t *testing.T) {
		play(t, false, func(d *device) {
			d.accepts()
			d.asks("04 FF 09 0A 06 06 24 04 07 02 48 69", okay)
			d.takes("06 B0")
			d.says(okay)
			d.asks("04 0F 02 27 6C", okay)
			d.asks("06 1E 01 6C", okay)
		}, func(s *saleTest) {
			begun := time.Now()
			out, err := s.sell()
			if took := time.Since(begun).Round(time.Second); err != nil || out.Result.Decision != drivers.Cancelled || took != 180*time.Second {
				t.Errorf("%+v, %v after %v", out, err, took)
			}
			if len(s.shown) != 1 || s.shown[0] != "0a Hi" {
				t.Errorf("shown %q", s.shown)
			}
		})
	})
	t.Run("the end of T4 asks the terminal to stop", func(t *testing.T) {
		play(t, false, func(d *device) {
			d.accepts()
			d.takes("06 B0")
			d.says(okay)
			d.asks("04 0F 02 27 6C", okay)
			d.asks("06 1E 01 6C", okay)
		}, func(s *saleTest) {
			begun := time.Now()
			out, err := s.sell()
			if err != nil || out.Result.Decision != drivers.Cancelled || time.Since(begun).Round(time.Second) != 180*time.Second {
				t.Errorf("%+v, %v after %v", out, err, time.Since(begun))
			}
		})
	})
	t.Run("a dead terminal is given up", func(t *testing.T) {
		play(t, false, func(d *device) { d.accepts(); quietWire(d) }, func(s *saleTest) {
			begun := time.Now()
			_, err := s.sell()
			s.wantClass(err, pos.OutcomeUnknown, pos.MoneyUnknown)
			if took := time.Since(begun); took < 180*time.Second || took > 182*time.Second {
				t.Errorf("after %v", took)
			}
		})
	})
	t.Run("one that comes back to life on the wish to stop is heard to its end", func(t *testing.T) {
		play(t, false, func(d *device) {
			d.accepts()
			d.takes("06 B0")
			d.says(okay)
			for range 3 {
				time.Sleep(1500 * time.Millisecond)
				d.asks("04 FF 01 05", okay)
			}
			d.asks("04 0F 02 27 6C", okay)
			d.asks("06 1E 01 6C", okay)
		}, func(s *saleTest) {
			if out, err := s.sell(); err != nil || out.Result.Decision != drivers.Cancelled {
				t.Errorf("%+v, %v", out, err)
			}
		})
	})
	t.Run("one that comes back to life and never ends is given up", func(t *testing.T) {
		play(t, false, func(d *device) {
			d.accepts()
			d.takes("06 B0")
			d.says(okay)
			for range 7 {
				time.Sleep(1300 * time.Millisecond)
				d.asks("04 FF 01 05", okay)
			}
			quietWire(d)
		}, func(s *saleTest) {
			begun := time.Now()
			_, err := s.sell()
			s.wantClass(err, pos.OutcomeUnknown, pos.MoneyUnknown)
			if took := time.Since(begun); took < 180*time.Second || took > 180*time.Second+windDown+time.Second {
				t.Errorf("after %v", took)
			}
		})
	})
}

func TestCancel(t *testing.T) {
	const accepts, tooLate = "80 00 00", "84 83 00"
	t.Run("heeded", func(t *testing.T) {
		play(t, false, func(d *device) {
			d.accepts()
			d.asks("04 FF 01 0A", okay)
			d.takes("06 B0 00")
			d.says(accepts)
			d.asks("04 0F 02 27 6C", okay)
			d.asks("06 1E 01 6C", okay)
		}, func(s *saleTest) {
			time.AfterFunc(3*time.Second, func() { close(s.cancel) })
			if out, err := s.sell(); err != nil || out.Result.Decision != drivers.Cancelled {
				t.Errorf("%+v, %v", out, err)
			}
		})
	})
	t.Run("too late", func(t *testing.T) {
		play(t, false, func(d *device) {
			d.accepts()
			d.takes("06 B0 00")
			d.says(tooLate)
			time.Sleep(time.Minute)
			d.finish()
		}, func(s *saleTest) {
			time.AfterFunc(time.Second, func() { close(s.cancel) })
			if out, err := s.sell(); err != nil || out.Result.Decision != drivers.Approved {
				t.Errorf("%+v, %v", out, err)
			}
		})
	})
	t.Run("crossed by the result", func(t *testing.T) {
		play(t, false, func(d *device) {
			d.accepts()
			d.hears("06 B0 00") // and does not get it, since it sends
			d.asks(succeeds, okay)
			d.takes("06 B0 00")
			d.says(tooLate)
			d.asks(completes, okay)
		}, func(s *saleTest) {
			time.AfterFunc(time.Second, func() { close(s.cancel) })
			if out, err := s.sell(); err != nil || out.Result.Decision != drivers.Approved || len(s.stored) != 1 {
				t.Errorf("%+v, %v", out, err)
			}
		})
	})
	t.Run("crossed by the result and acknowledged late", func(t *testing.T) {
		play(t, false, func(d *device) {
			d.accepts()
			d.hears("06 B0 00")
			d.writes(succeeds)
			d.raw(codec.ACK) // of 06 B0: it must not count for the answer to the result
			d.control(codec.GotACK)
			d.hears(okay)
			d.conn.Close()
		}, func(s *saleTest) {
			s.terminal.options.config = 0x08
			time.AfterFunc(time.Second, func() { close(s.cancel) })
			_, err := s.sell()
			s.wantClass(err, pos.OutcomeUnknown, pos.MoneyUnknown)
		})
	})
	t.Run("before the first byte", func(t *testing.T) {
		play(t, false, quietWire, func(s *saleTest) {
			close(s.cancel)
			_, err := s.sell()
			s.wantClass(err, pos.Permanent, pos.NoneMoved)
		})
	})
}

func TestContextEndsSale(t *testing.T) {
	play(t, true, func(d *device) {
		d.accepts()
		d.takes("06 B0 00")
		quietWire(d)
	}, func(s *saleTest) {
		ctx, done := context.WithTimeout(context.Background(), 10*time.Second)
		defer done()
		begun := time.Now()
		_, err := s.sellIn(ctx)
		s.wantClass(err, pos.OutcomeUnknown, pos.MoneyUnknown)
		if took := time.Since(begun); took > 15*time.Second {
			t.Errorf("after %v", took)
		}
	})
	play(t, false, quietWire, func(s *saleTest) {
		ctx, done := context.WithCancel(context.Background())
		done()
		_, err := s.sellIn(ctx)
		s.wantClass(err, pos.Transient, pos.NoneMoved)
	})
}
