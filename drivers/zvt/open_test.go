package zvt

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/zvt/codec"
	"github.com/tillproof/tillproof/pos"
)

// status plays one status enquiry.
func (d *device) status(completion string) {
	d.takes("05 01 00")
	d.says(okay)
	d.asks(completion, okay)
}

func (d *device) registration(completion string) {
	d.takes("06 00 16 00 00 00 BE 09 78 03 01 06 0C 26 04 0A 02 06 D3 1F 73 03 00 00 00")
	d.says(okay)
	d.asks(completion, okay)
}

func (d *device) repeats(result string) {
	d.takes("06 20 05 00 00 00 03 03")
	d.says(okay)
	d.asks(result, okay)
	d.asks(completes, okay)
}

const (
	idleStatus = "06 0F 01 00"
	registered = "06 0F 0A 19 00 29 12 34 56 78 49 09 78"
	before     = "04 0F 13 27 00 04 00 00 00 00 01 00 0B 00 01 23 87 00 23 49 09 78"
)

func TestOpen(t *testing.T) {
	cases := []struct {
		name   string
		script func(*device)
		last   drivers.Last
		took   time.Duration
	}{
		{"with a transaction", func(d *device) {
			d.status(idleStatus)
			d.registration(registered)
			d.repeats(before)
		}, drivers.Last{Trace: "000123", ReceiptNo: "0023"}, 0},
		{"not told", func(d *device) {
			d.status(idleStatus)
			d.registration(registered)
			d.takes("06 20")
			d.says("84 83 00")
		}, drivers.Last{Untold: true}, 0},
		{"with none, failed", func(d *device) {
			d.status(idleStatus)
			d.registration(registered)
			d.takes("06 20")
			d.says(okay)
			d.asks("06 1E 01 65", okay)
		}, drivers.Last{}, 0},
		{"terminal in an old sale", func(d *device) {
			d.asks("04 FF 01 0A", okay)
			d.status("06 0F 01 9C")
			d.takes("05 01")
			d.says("84 9C 00")
			d.asks(succeeds, "84 FF 00")
			d.asks("06 1E 01 6C", okay)
			d.status("06 0F 08 F0 F0 F2 31 2E 00 06 00")
			d.registration(registered)
			d.repeats(before)
		}, drivers.Last{Trace: "000123", ReceiptNo: "0023"}, 4 * time.Second},
		{"the status enquiry crosses the old sale", func(d *device) {
			d.hears("05 01")
			d.asks("04 FF 01 0A", okay)
			d.status(idleStatus)
			d.registration(registered)
			d.repeats(before)
		}, drivers.Last{Trace: "000123", ReceiptNo: "0023"}, 2 * time.Second},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			play(t, false, c.script, func(s *saleTest) {
				begun := time.Now()
				last, err := s.terminal.Open(context.Background())
				if took := time.Since(begun).Round(time.Second); err != nil || last != c.last || took < c.took || took > c.took+2*time.Second {
					t.Errorf("%+v, %v after %v", last, err, took)
				}
			})
		})
	}
}

func TestOpenFails(t *testing.T) {
	cases := []struct {
		name   string
		script func(*device)
		retry  pos.Retry
	}{
		{"nobody there", quietWire, pos.Transient},
		{"wrong currency refused", func(d *device) {
			d.status(idleStatus)
			d.takes("06 00")
			d.says("84 1E 03 6F 07 56")
		}, pos.Permanent},
		{"wrong currency told", func(d *device) {
			d.status(idleStatus)
			d.registration("06 0F 03 49 07 56")
		}, pos.Permanent},
		{"wrong password", func(d *device) {
			d.status(idleStatus)
			d.takes("06 00")
			d.says("84 37 00")
		}, pos.Permanent},
		{"registration fails", func(d *device) {
			d.status(idleStatus)
			d.registration("06 1E 01 A0")
		}, pos.Transient},
		{"unplugged in the last question", func(d *device) {
			d.status(idleStatus)
			d.registration(registered)
			d.takes("06 20")
			d.conn.Close()
		}, pos.Transient},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			play(t, false, c.script, func(s *saleTest) {
				_, err := s.terminal.Open(context.Background())
				s.wantClass(err, c.retry, pos.NoneMoved)
				if strings.Contains(c.name, "currency") && !strings.Contains(err.Error(), "currency") {
					t.Errorf("%v does not name the currency", err)
				}
			})
		})
	}
}

func TestOpenEndsWithContext(t *testing.T) {
	play(t, false, func(d *device) {
		for {
			d.takes("05 01")
			d.says("84 9C 00")
		}
	}, func(s *saleTest) {
		s.device.t = &testing.T{} // the script ends with the wire, by intention
		ctx, done := context.WithTimeout(context.Background(), 7*time.Second)
		defer done()
		begun := time.Now()
		_, err := s.terminal.Open(ctx)
		s.wantClass(err, pos.Transient, pos.NoneMoved)
		if took := time.Since(begun); took < 7*time.Second || took > 8*time.Second {
			t.Errorf("after %v", took)
		}
	})
}

func TestStatus(t *testing.T) {
	for _, c := range []struct {
		name, completion string
		wants            byte
		want             drivers.State
	}{
		{"ready", idleStatus, 0, drivers.State{Ready: true, Code: "00"}},
		{"ready with version", "06 0F 06 F0 F0 F2 31 32 00", 0, drivers.State{Ready: true, Code: "00"}},
		{"nothing said", "06 0F 00", 0, drivers.State{Ready: true, Code: "00"}},
		{"end of day", "06 0F 01 F0", 0, drivers.State{Code: "f0", Text: "The terminal says: end of day must run first. Run an end of day, then try again."}},
		{
			"wants initialisation", idleStatus, 1,
			drivers.State{Code: "00", Text: "The terminal must be initialised: start an initialisation at the terminal."},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			play(t, true, func(d *device) { d.status(c.completion) }, func(s *saleTest) {
				s.terminal.wants = c.wants
				if got, err := s.terminal.Status(context.Background()); err != nil || got != c.want {
					t.Errorf("%+v, %v", got, err)
				}
			})
		})
	}
	play(t, true, quietWire, func(s *saleTest) {
		_, err := s.terminal.Status(context.Background())
		s.wantClass(err, pos.Transient, pos.NoneMoved)
	})
}

// TestLateReplyOnAStreamIsNotTakenForAnother breaks the wire when the reply did not come within T3.
func TestLateReplyOnAStreamIsNotTakenForAnother(t *testing.T) {
	play(t, true, func(d *device) {
		d.takes("05 01")
		time.Sleep(6 * time.Second)
		d.writes(okay)
		quietWire(d)
	}, func(s *saleTest) {
		begun := time.Now()
		_, err := s.terminal.Status(context.Background())
		s.wantClass(err, pos.Transient, pos.NoneMoved)
		if took := time.Since(begun).Round(100 * time.Millisecond); took != 5*time.Second {
			t.Errorf("after %v", took)
		}
		time.Sleep(2 * time.Second)
		_, err = s.sell()
		s.wantClass(err, pos.Transient, pos.NoneMoved)
	})
}

// TestStatusOf separates a version text from a status that looks like the begin of one.
func TestStatusOf(t *testing.T) {
	for in, want := range map[string]byte{
		"": 0, "9C": 0x9C, "F0": 0xF0, "F0 06 00": 0xF0, "F0 F0 F0 51": 0x51, "F0 F0 F1 41 F0": 0xF0, "F0 F0 F1 41": 0xF0, "F0 F0 FA 41 42": 0xF0,
	} {
		if got := statusOf(plain(in)); got != want {
			t.Errorf("%s: %02x, want %02x", in, got, want)
		}
	}
}

func TestClose(t *testing.T) {
	play(t, false, func(d *device) {
		d.takes("06 02 00")
		d.says(okay)
	}, func(s *saleTest) {
		if err := s.terminal.Close(context.Background()); err != nil || s.terminal.registered {
			t.Error(err)
		}
	})
	play(t, false, quietWire, func(s *saleTest) {
		s.wantClass(s.terminal.Close(context.Background()), pos.Transient, pos.NoneMoved)
	})
}

func TestOptions(t *testing.T) {
	o, err := readOptions(map[string]string{
		"password": "123456", "config": "3e", "service": "03", "payment_type": "44", "result_timeout_s": "60", "t3_s": "10", "t4_s": "240",
		"diagnosis": "extended", "printer_columns": "42", "charset": "iso-8859-15", "partial_approval": "on",
		"booking": "partial_reversal", "open_reservations": "keep", "message_ids": "off",
	})
	want := options{password: 123456, config: 0x3E, service: 0x03, paymentType: 0x44, resultTimeout: 60, diagnosis: 2, columns: 42,
		charset: codec.Latin9, wishesCharset: true, partialAllowed: true, tellsUnused: true, keepsOpen: true, numbersOff: true, t3: 10 * time.Second, t4: 240 * time.Second}
	if err != nil || o != want {
		t.Errorf("%+v, %v", o, err)
	}
	for name, bad := range map[string][]string{
		"password": {"", "12345", "1234567", "abcdef", "+12345"}, "config": {"", "b", "zz", "bebe", "bf", "fe"}, "charset": {"", "klingon"},
		"diagnosis": {"", "06"}, "printer_columns": {"", "15", "100"}, "partial_approval": {"", "yes"}, "receipts": {"", "nobody"}, "admin_receipts": {"both"},
		"booking": {"", "on"}, "open_reservations": {"", "off"}, "message_ids": {"", "on"},
		"progress": {"", "yes"}, "amount_entry": {"on"}, "menu": {"off"},
		"result_timeout_s": {"0", "256", "x"},
		"t3_s":             {"0", "61", "x"}, "t4_s": {"4", "3601"}, "unheard_of": {"1"},
	} {
		for _, value := range bad {
			if _, err := readOptions(map[string]string{name: value}); err == nil {
				t.Errorf("%s=%q was taken", name, value)
			}
		}
	}
	if _, err := newTerminal(nil, drivers.Settings{Currency: "XXX"}); err == nil {
		t.Error("an unknown currency was taken")
	}
}
