package zvt

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
)

// TestPaymentCommand pins the bytes of 06 01.
func TestPaymentCommand(t *testing.T) {
	for _, c := range []struct {
		options map[string]string
		want    string
	}{
		{nil, "06 01 0C 04 00 00 00 00 10 23 49 09 78 19 40"},
		{map[string]string{"payment_type": "44", "result_timeout_s": "60"}, "06 01 0E 04 00 00 00 00 10 23 49 09 78 19 44 01 3C"},
	} {
		o, err := readOptions(c.options)
		if err != nil {
			t.Fatal(err)
		}
		a, err := (&terminal{options: o, currency: "EUR"}).payment(pos.Money{Amount: 1023, Currency: "EUR"})
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := a.Marshal(); !slices.Equal(got, plain(c.want)) {
			t.Errorf("% x, want %s", got, c.want)
		}
	}
}

// TestDecisions goes through the table of what a sale's messages mean.
func TestDecisions(t *testing.T) {
	const none = "none"
	cases := []struct {
		name     string
		script   func(*device)
		decision drivers.Decision // "" for unknown
		code     string
	}{
		{"success and completion", func(d *device) { d.finish() }, drivers.Approved, "00"},
		{"success offline", func(d *device) {
			d.asks("04 0F 11 27 00 04 00 00 00 00 10 23 06 06 2F 04 1F 11 01 00", okay)
			d.asks(completes, okay)
		}, drivers.ApprovedOffline, "00"},
		{"success and failure contradict", func(d *device) {
			d.asks(succeeds, okay)
			d.asks("06 1E 01 6C", okay)
		}, "", none},
		{"failure with its end", func(d *device) {
			d.asks(declines, okay)
			d.asks("06 1E 01 05", okay)
		}, drivers.Declined, "05"},
		{"failure that ends with a completion", func(d *device) {
			d.asks(declines, okay)
			d.asks(completes, okay)
		}, drivers.Declined, "05"},
		{"failure without an end", func(d *device) { d.asks(declines, okay) }, "", none},
		{"aborted", func(d *device) {
			d.asks("04 0F 02 27 6C", okay)
			d.asks("06 1E 01 6C", okay)
		}, drivers.Cancelled, "6c"},
		{"end without a result", func(d *device) { d.asks("06 1E 01 64", okay) }, drivers.Declined, "64"},
		{"abort without a result", func(d *device) { d.asks("06 1E 01 6C", okay) }, drivers.Cancelled, "6c"},
		{"end without a result and code", func(d *device) { d.asks("06 1E 00", okay) }, drivers.Declined, "ff"},
		{"completion without a result", func(d *device) { d.asks(completes, okay) }, "", none},
		{"result without a code", func(d *device) {
			d.asks("04 0F 07 04 00 00 00 00 10 23", okay)
			d.asks(completes, okay)
		}, "", none},
		{"a code that terminals mean differently", func(d *device) {
			d.asks("04 0F 02 27 CD", okay)
			d.asks("06 1E 01 CD", okay)
		}, "", none},
		{"result without a code, then a failure end", func(d *device) {
			d.asks("04 0F 07 04 00 00 00 00 10 23", okay)
			d.asks("06 1E 01 6C", okay)
		}, "", none},
		{"a later result replaces an earlier", func(d *device) {
			d.asks(declines, okay)
			d.asks(succeeds, okay)
			d.asks(completes, okay)
		}, drivers.Approved, "00"},
		{"an approval is taken back", func(d *device) {
			d.asks(succeeds, okay)
			d.asks("04 0F 02 27 6C", okay)
			d.asks("06 1E 01 6C", okay)
		}, drivers.Cancelled, "6c"},
		{"success without an end", func(d *device) { d.asks(succeeds, okay) }, "", none},
		{"nothing", func(*device) {}, "", none},
		{"success in another currency", func(d *device) {
			d.asks("04 0F 0C 27 00 04 00 00 00 00 10 23 49 07 56", "84 FF 00")
			d.asks("06 1E 01 6C", okay)
		}, "", none},
		{"success over nothing", func(d *device) {
			d.asks("04 0F 09 27 00 04 00 00 00 00 00 00", "84 FF 00")
			d.asks("06 1E 01 6C", okay)
		}, "", none},
		{"success over an amount that is no number", func(d *device) {
			d.asks("04 0F 09 27 00 04 00 00 00 00 1A 23", "84 FF 00")
			d.asks("06 1E 01 6C", okay)
		}, "", none},
		{"unknown BMP behind the result", func(d *device) {
			d.asks("04 0F 05 27 00 B7 01 02", okay)
			d.asks("06 0F 04 DE AD BE EF", okay)
		}, drivers.Approved, "00"},
		{"result of a broken length, which decides nothing", func(d *device) {
			if d.stream {
				return
			}
			d.asks("04 0F FF FF FF 27 00", okay)
			d.asks(completes, okay)
		}, "", none},
		{"long form of a short length", func(d *device) {
			d.asks("04 0F FF 02 00 27 00", okay)
			d.asks("06 0F FF 00 00", okay)
		}, drivers.Approved, "00"},
		{"unknown commands are refused and change nothing", func(d *device) {
			d.asks("0F 01 02 AA BB", "84 83 00")
			d.asks("04 0D 00", "84 83 00")
			d.asks("04 01 08 AA 26 11 22 0C 10 11 12", okay)
			d.finish()
		}, drivers.Approved, "00"},
	}
	for _, stream := range []bool{false, true} {
		for _, c := range cases {
			t.Run(transportName(stream)+" "+c.name, func(t *testing.T) {
				play(t, stream, func(d *device) { d.accepts(); c.script(d); quietWire(d) }, func(s *saleTest) {
					out, err := s.sell()
					if c.decision == "" {
						s.wantClass(err, pos.OutcomeUnknown, pos.MoneyUnknown)
						return
					}
					if err != nil || out.Result.Decision != c.decision || out.Result.Code != c.code {
						t.Errorf("%+v, %v", out.Result, err)
					}
					if n := len(s.stored); n == 0 || s.stored[n-1] != out.Result {
						t.Errorf("stored %+v", s.stored)
					}
				})
			})
		}
	}
}

func transportName(stream bool) string {
	if stream {
		return tcpTransport
	}
	return serialTransport
}

// TestConfirmedSuccessWithoutEnd needs no end where the terminal prints by itself; TCP confirms only by what comes next.
func TestConfirmedSuccessWithoutEnd(t *testing.T) {
	for _, c := range []struct {
		name     string
		stream   bool
		config   byte
		more     string
		approved bool
	}{
		{"serial, terminal prints", false, 0x08, "", true},
		{"serial, text through us", false, 0xBE, "", false},
		{"TCP, nothing came after", true, 0x08, "", false},
		{"TCP, the terminal went on", true, 0x08, "04 FF 01 0B", true},
		{"TCP, the terminal went on with another result", true, 0x08, succeeds, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			play(t, c.stream, func(d *device) {
				d.accepts()
				d.asks(succeeds, okay)
				if c.more != "" {
					d.asks(c.more, okay)
				}
				d.conn.Close()
			}, func(s *saleTest) {
				s.terminal.options.config = c.config
				out, err := s.sell()
				if c.approved != (err == nil) || c.approved && out.Result.Decision != drivers.Approved {
					t.Errorf("%+v, %v", out, err)
				}
				if err != nil {
					s.wantClass(err, pos.OutcomeUnknown, pos.MoneyUnknown)
				}
			})
		})
	}
}

func TestFailedCommit(t *testing.T) {
	full := errors.New("disk full")
	t.Run("of a result", func(t *testing.T) {
		play(t, false, func(d *device) {
			d.accepts()
			d.asks(succeeds, "84 FF 00")
			d.asks("04 FF 01 05", okay)
			d.asks("04 0F 02 27 6C", "84 FF 00")
			d.asks("06 1E 01 6C", okay)
		}, func(s *saleTest) {
			s.commit = full
			_, err := s.sell()
			s.wantClass(err, pos.OutcomeUnknown, pos.MoneyUnknown)
			if !errors.Is(err, full) || len(s.stored) != 2 {
				t.Errorf("%v after %d commits", err, len(s.stored))
			}
		})
	})
	t.Run("of an end", func(t *testing.T) {
		play(t, false, func(d *device) {
			d.accepts()
			d.asks("06 1E 01 64", "84 FF 00")
		}, func(s *saleTest) {
			s.commit = full
			_, err := s.sell()
			s.wantClass(err, pos.OutcomeUnknown, pos.MoneyUnknown)
		})
	})
	t.Run("of a terminal that falls silent", func(t *testing.T) {
		play(t, false, func(d *device) {
			d.accepts()
			d.asks(succeeds, "84 FF 00")
			quietWire(d)
		}, func(s *saleTest) {
			s.commit = full
			begun := time.Now()
			_, err := s.sell()
			s.wantClass(err, pos.OutcomeUnknown, pos.MoneyUnknown)
			if took := time.Since(begun); took > 20*time.Second {
				t.Errorf("after %v", took)
			}
		})
	})
}

func TestReceiptsOfASale(t *testing.T) {
	play(t, false, func(d *device) {
		d.accepts()
		d.asks("04 FF 01 0A", okay)
		d.asks("04 FF 01 0A", okay)
		d.asks(succeeds, okay)
		d.asks("06 D1 04 00 41 42 43", okay)
		d.asks("06 D1 04 00 41 42 43", okay)
		d.asks("06 D1 03 81 5A 5A", okay)
		d.asks("06 D3 11 06 0F 1F 07 01 02 25 09 07 02 48 69 09 01 FF 07 00", okay)
		d.asks(completes, okay)
	}, func(s *saleTest) {
		out, err := s.sell()
		want := []drivers.Receipt{
			{For: drivers.ForAnyone, Lines: []string{"ABC", "ABC", "ZZ"}},
			{For: drivers.ForCustomer, Lines: []string{"Hi", ""}},
		}
		if err != nil || len(out.Receipts) != 2 || !slices.EqualFunc(out.Receipts, want, sameReceipt) {
			t.Errorf("%+v, %v", out.Receipts, err)
		}
		if len(s.shown) != 2 {
			t.Errorf("equal messages in a row were taken for repetitions: %q", s.shown)
		}
	})
}

func sameReceipt(a, b drivers.Receipt) bool { return a.For == b.For && slices.Equal(a.Lines, b.Lines) }

// TestRegistersAgainAfterARestart follows a refusal 6B by a registration before the next payment.
func TestRegistersAgainAfterARestart(t *testing.T) {
	play(t, false, func(d *device) {
		d.takes("06 01")
		d.says("84 6B 00")
		d.takes("06 00 16 00 00 00 BE 09 78 03 01 06 0C 26 04 0A 02 06 D3 1F 73 03 00 00 00")
		d.says(okay)
		d.asks("06 0F 02 19 00", okay)
		d.accepts()
		d.finish()
	}, func(s *saleTest) {
		_, err := s.sell()
		s.wantClass(err, pos.Transient, pos.NoneMoved)
		if !strings.Contains(err.Error(), "not registered") {
			t.Error(err)
		}
		if out, err := s.sell(); err != nil || out.Result.Decision != drivers.Approved {
			t.Errorf("%+v, %v", out, err)
		}
	})
}

// TestRegistersAgainAfterAnEndThatWantsIt has the code behind the reply.
func TestRegistersAgainAfterAnEndThatWantsIt(t *testing.T) {
	play(t, false, func(d *device) {
		d.accepts()
		d.asks("06 1E 01 6B", okay)
		d.registration(registered)
		d.accepts()
		d.finish()
	}, func(s *saleTest) {
		if out, err := s.sell(); err != nil || out.Result.Decision != drivers.Declined {
			t.Errorf("%+v, %v", out, err)
		}
		if out, err := s.sell(); err != nil || out.Result.Decision != drivers.Approved {
			t.Errorf("%+v, %v", out, err)
		}
	})
}

// TestStrayResultIsNotAcknowledged meets a result of an earlier sale before a new one: nobody has stored it.
func TestStrayResultIsNotAcknowledged(t *testing.T) {
	play(t, false, func(d *device) {
		d.asks(succeeds, "84 FF 00")
		d.asks("04 0F 02 27 6C", okay)
		d.asks("06 1E 01 6C", okay)
		d.accepts()
		d.finish()
	}, func(s *saleTest) {
		out, err := s.sell()
		if err != nil || out.Result.Decision != drivers.Approved || len(s.stored) != 1 {
			t.Errorf("%+v, %v, stored %d", out, err, len(s.stored))
		}
	})
}
