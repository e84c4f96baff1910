package stx_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/drivertest"
	"github.com/tillproof/tillproof/drivers/stx"
)

// far plays a terminal by what it writes at which time after the till's bytes came.
type far struct {
	t    *testing.T
	conn *drivertest.End
	got  []byte
}

func rules() *stx.Rules { return &stx.Rules{Max: 100, Controls: []byte{stx.ACK, stx.NAK}} }

func talk(t *testing.T, script func(f *far), test func(l *stx.Line)) []byte {
	t.Helper()
	var got []byte
	synctest.Test(t, func(t *testing.T) {
		near, end := drivertest.Wire()
		f := &far{t: t, conn: end}
		done := make(chan struct{})
		go func() { defer close(done); script(f) }()
		test(stx.NewLine(near, rules()))
		_ = near.Close()
		<-done
		f.rest()
		got = f.got
	})
	return got
}

// hears waits for so many bytes of the till.
func (f *far) hears(n int) {
	for b := make([]byte, 1); n > 0; n-- {
		if _, err := f.conn.Read(b); err != nil {
			f.t.Errorf("%d bytes short: %v", n, err)
			return
		}
		f.got = append(f.got, b[0])
	}
}

func (f *far) rest() {
	for b := make([]byte, 64); ; {
		n, err := f.conn.Read(b)
		f.got = append(f.got, b[:n]...)
		if err != nil {
			return
		}
	}
}

func (f *far) says(b ...byte) { _, _ = f.conn.Write(b) }

func frame(text string) []byte { return rules().Frame([]byte(text)) }

func soon() time.Time { return time.Now().Add(3 * time.Second) }

var usual = stx.Sending{Wait: 2 * time.Second, Sends: 3, Silent: 1}

func wantReach(t *testing.T, err error, want stx.Reach, cause error) {
	t.Helper()
	var sent *stx.SendError
	if !errors.As(err, &sent) || sent.Reach != want || !errors.Is(err, cause) {
		t.Errorf("%v, want reach %d and %v", err, want, cause)
	}
}

func TestAFrameIsRepeatedOnNAKOnly(t *testing.T) {
	sale := frame("0200")
	for _, c := range []struct {
		name   string
		script func(f *far)
		times  int
		check  func(t *testing.T, err error)
	}{
		{"acknowledged", func(f *far) { f.hears(len(sale)); f.says(stx.ACK) }, 1, func(t *testing.T, err error) {
			if err != nil {
				t.Error(err)
			}
		}},
		{"NAK once", func(f *far) { f.hears(len(sale)); f.says(stx.NAK); f.hears(len(sale)); f.says(stx.ACK) }, 2, func(t *testing.T, err error) {
			if err != nil {
				t.Error(err)
			}
		}},
		{"NAK, doubled", func(f *far) { f.hears(len(sale)); f.says(stx.NAK, stx.NAK); f.hears(len(sale)); f.says(stx.ACK) }, 2, func(t *testing.T, err error) {
			if err != nil {
				t.Error(err)
			}
		}},
		{"NAK and ACK", func(f *far) { f.hears(len(sale)); f.says(stx.NAK, stx.ACK) }, 1, func(t *testing.T, err error) {
			if err != nil {
				t.Error(err)
			}
		}},
		{"NAK always", func(f *far) {
			for range 3 {
				f.hears(len(sale))
				f.says(stx.NAK)
			}
		}, 3, func(t *testing.T, err error) { wantReach(t, err, stx.NotAccepted, stx.ErrNAK) }},
		{"silence", func(f *far) { f.hears(len(sale)) }, 1, func(t *testing.T, err error) { wantReach(t, err, stx.Maybe, stx.ErrSilent) }},
		{"answered without ACK", func(f *far) { f.hears(len(sale)); f.says(frame("0210")...) }, 1, func(t *testing.T, err error) {
			if err != nil {
				t.Error(err)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := talk(t, c.script, func(l *stx.Line) { c.check(t, l.Send(context.Background(), []byte("0200"), usual)) })
			if len(got) != c.times*len(sale) {
				t.Errorf("%d bytes, want %d frames", len(got), c.times)
			}
		})
	}
}

func TestAnOldAcknowledgementIsNone(t *testing.T) {
	sale := frame("0200")
	talk(t, func(f *far) {
		f.says(stx.ACK, stx.NAK)
		f.hears(len(sale))
	}, func(l *stx.Line) {
		time.Sleep(time.Second)
		wantReach(t, l.Send(context.Background(), []byte("0200"), usual), stx.Maybe, stx.ErrSilent)
	})
}

func TestALostWireSaysHowFarTheFrameGot(t *testing.T) {
	talk(t, func(f *far) { _ = f.conn.Close() }, func(l *stx.Line) {
		time.Sleep(time.Second)
		if err := l.Send(context.Background(), []byte("0200"), usual); err == nil {
			t.Error("sent over a lost wire")
		} else if sent := (*stx.SendError)(nil); !errors.As(err, &sent) || sent.Reach != stx.NotSent {
			t.Error(err)
		}
	})
}

func TestARepetitionIsAcknowledgedAndNotTold(t *testing.T) {
	answer, sale := frame("0210|00"), frame("0200")
	got := talk(t, func(f *far) {
		f.says(answer...)
		f.hears(1)
		f.says(answer...)
		f.hears(1)
		f.says(frame("0900|78")...)
		f.hears(len(sale))
		f.says(stx.ACK)
		f.says(answer...)
	}, func(l *stx.Line) {
		for _, want := range []string{"0210|00", "0900|78"} {
			e, err := l.Next(context.Background(), soon())
			if err != nil || string(e.Payload) != want {
				t.Fatalf("%q, %v", e.Payload, err)
			}
			if want == "0210|00" {
				_ = l.Accept(&e)
			}
		}
		if err := l.Send(context.Background(), []byte("0200"), usual); err != nil {
			t.Error(err)
		}
		if e, err := l.Next(context.Background(), soon()); err != nil || string(e.Payload) != "0210|00" {
			t.Errorf("the same answer to another question: %q, %v", e.Payload, err)
		}
	})
	if string(got[:2]) != "\x06\x06" {
		t.Errorf("% x", got)
	}
}

// A terminal that talks all night while nobody asks fills no memory.
func TestWhatNobodyTakesIsDropped(t *testing.T) {
	talk(t, func(f *far) {
		for n := range 1000 {
			f.says(frame(fmt.Sprintf("0900|%d", n))...)
			time.Sleep(time.Second)
		}
	}, func(l *stx.Line) {
		for range 1000 {
			time.Sleep(time.Second)
			if err := l.Alive(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
		taken, last := 0, ""
		for {
			e, err := l.Next(context.Background(), soon())
			if err != nil {
				break
			}
			taken, last = taken+1, string(e.Payload)
		}
		if taken < 10 || taken > 70 || last != "0900|999" {
			t.Errorf("%d were kept, the last %s", taken, last)
		}
	})
}

// A question may be answered in the same words as the last one, before its ACK or without.
func TestAnAnswerWithoutACKMayEqualTheLastOne(t *testing.T) {
	question, answer := frame("0100"), frame("0110|1")
	asks := usual
	asks.Asks = true
	talk(t, func(f *far) {
		for _, behind := range []string{"\x06", "", ""} {
			f.hears(len(question))
			f.says(append(answer, behind...)...)
			f.hears(1)
		}
	}, func(l *stx.Line) {
		begun := time.Now()
		for range 3 {
			if err := l.Send(context.Background(), []byte("0100"), asks); err != nil {
				t.Fatal(err)
			}
			e, err := l.Next(context.Background(), soon())
			if err != nil || string(e.Payload) != "0110|1" {
				t.Fatalf("%q, %v", e.Payload, err)
			}
			_ = l.Accept(&e)
		}
		if took := time.Since(begun); took > time.Second {
			t.Errorf("took %v", took)
		}
	})
}

func TestDamagedFramesAreAskedForTwice(t *testing.T) {
	bad := append(frame("0210"), 0)
	bad[len(bad)-2] ^= 1
	got := talk(t, func(f *far) {
		for range 3 {
			f.says(bad[:len(bad)-1]...)
			time.Sleep(time.Second)
		}
		f.says(frame("0210")[:3]...) // and one that does not go on
	}, func(l *stx.Line) {
		if _, err := l.Next(context.Background(), soon()); !errors.Is(err, stx.ErrDamaged) {
			t.Error(err)
		}
		if e, err := l.Next(context.Background(), soon()); !errors.Is(err, drivers.ErrQuiet) {
			t.Errorf("%+v, %v", e, err)
		}
	})
	if string(got) != "\x15\x15\x15" {
		t.Errorf("% x", got)
	}
}

func TestAnyPiecesAnyJunk(t *testing.T) {
	talk(t, func(f *far) {
		f.says([]byte("noise")...)
		for _, b := range frame("0210|00") {
			f.says(b)
			time.Sleep(400 * time.Millisecond)
		}
		f.says(append([]byte{stx.ACK}, frame("0900|78")...)...)
	}, func(l *stx.Line) {
		for _, want := range []string{"0210|00", "\x06", "0900|78"} {
			e, err := l.Next(context.Background(), time.Now().Add(time.Minute))
			if err != nil || string(e.Payload) != want {
				t.Errorf("%q, %v, want %q", e.Payload, err, want)
			}
		}
		if string(l.Strange()) != "noise" {
			t.Errorf("%q", l.Strange())
		}
	})
}

func TestTheEndOfTheContextEndsTheWait(t *testing.T) {
	talk(t, func(*far) {}, func(l *stx.Line) {
		ctx, done := context.WithTimeout(context.Background(), time.Second)
		defer done()
		begun := time.Now()
		if _, err := l.Next(ctx, time.Now().Add(time.Hour)); !errors.Is(err, context.DeadlineExceeded) || time.Since(begun) > 2*time.Second {
			t.Errorf("%v after %v", err, time.Since(begun))
		}
	})
}

// An answer to something older that is half there is no word about what is sent now: at 9600 baud its bytes come a millisecond apart.
func TestAFrameThatHasBegunIsNoAnswerToWhatFollows(t *testing.T) {
	sale, older := frame("0200"), frame("0210 older")
	got := talk(t, func(f *far) {
		for _, b := range older {
			f.says(b)
			time.Sleep(1042 * time.Microsecond)
		}
		f.hears(1 + len(sale))
	}, func(l *stx.Line) {
		time.Sleep(3 * time.Millisecond)
		wantReach(t, l.Send(context.Background(), []byte("0200"), usual), stx.Maybe, stx.ErrSilent)
		if e, err := l.Next(context.Background(), soon()); err != nil || string(e.Payload) != "0210 older" || l.Accept(&e) != nil {
			t.Errorf("%+v, %v", e, err)
		}
	})
	if want := append(sale, stx.ACK); string(got) != string(want) {
		t.Errorf("% x, want % x", got, want)
	}
}
