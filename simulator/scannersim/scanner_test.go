package scannersim

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bench is a scanner on one pipe, and what came out of it with the time of each read.
type bench struct {
	*Scanner
	got  []byte
	when []time.Duration // of each chunk
	done chan struct{}
	ran  chan error
}

func start(t *testing.T, o Options) *bench {
	t.Helper()
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	till, device := net.Pipe()
	b := &bench{Scanner: s, done: make(chan struct{}), ran: make(chan error, 1)}
	next := make(chan io.ReadWriteCloser, 1)
	next <- device
	go func() {
		b.ran <- s.Run(context.Background(), func(ctx context.Context) (io.ReadWriteCloser, error) {
			select {
			case w := <-next:
				return w, nil
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		})
	}()
	begin := time.Now()
	go func() {
		defer close(b.done)
		defer till.Close()
		buf := make([]byte, 16384)
		for {
			n, err := till.Read(buf)
			if err != nil {
				return
			}
			b.got = append(b.got, buf[:n]...)
			b.when = append(b.when, time.Since(begin))
		}
	}()
	synctest.Wait()
	return b
}

// stop switches the scanner off and waits for all.
func (b *bench) stop(t *testing.T) {
	t.Helper()
	_ = b.Close()
	<-b.done
	if err := <-b.ran; !errors.Is(err, ErrClosed) {
		t.Errorf("Run: %v", err)
	}
}

func TestWhatIsSent(t *testing.T) {
	for _, c := range []struct {
		name    string
		options Options
		text    string
		want    string
	}{
		{"default", Options{}, "abc", "abc\r"},
		{"CRLF", Options{Terminator: CRLF}, "abc", "abc\r\n"},
		{"CRCR", Options{Terminator: CRCR}, "abc", "abc\r\r"},
		{"none", Options{Terminator: NoEnd}, "abc", "abc"},
		{"prefix", Options{Prefix: "\x02", Terminator: ETX}, "abc", "\x02abc\x03"},
		{"AIM of a QR code", Options{AIM: true}, "abc", "]Q1abc\r"},
		{"AIM of EAN-13", Options{AIM: true}, "4006381333931", "]E04006381333931\r"},
		{"AIM of EAN-8", Options{AIM: true}, "96385074", "]E496385074\r"},
		{"AIM of GS1-128", Options{AIM: true}, "\x1d10A\x1d21B", "]C110A\x1d21B\r"},
		{"FNC1 kept", Options{}, "\x1d10A\x1d21B", "\x1d10A\x1d21B\r"},
		{"FNC1 dropped", Options{AIM: true, DropGS: true}, "\x1d10A\x1d21B", "]C110A21B\r"},
		{"UTF-8", Options{Encoding: "utf8"}, "苹果", "\xe8\x8b\xb9\xe6\x9e\x9c\r"},
		{"GBK", Options{Encoding: "gb18030"}, "苹果", "\xc6\xbb\xb9\xfb\r"},
		{"Shift JIS", Options{Encoding: "sjis"}, "金額", "\x8b\xe0\x8az\r"},
		{"Big5", Options{Encoding: "big5"}, "金額", "\xaa\xf7\xc3B\r"},
		{"Latin-1", Options{Encoding: "latin1"}, "é", "\xe9\r"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := start(t, c.options)
				if err := b.Scan(c.text); err != nil {
					t.Error(err)
				}
				b.stop(t)
				if string(b.got) != c.want || len(b.when) != 1 {
					t.Errorf("sent %q in %d pieces, want %q", b.got, len(b.when), c.want)
				}
			})
		})
	}
}

func TestPaceAndPieces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, Options{Baud: 9600})
		if err := b.Scan(strings.Repeat("x", 31)); err != nil {
			t.Error(err)
		}
		b.stop(t)
		if last := b.when[len(b.when)-1].Round(time.Millisecond); len(b.when) != 2 || last != 33*time.Millisecond {
			t.Errorf("32 bytes at 9600 baud came at %v", b.when)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		b := start(t, Options{Chunks: 4, Pause: 20 * time.Millisecond})
		if err := b.Scan("abcdefg"); err != nil {
			t.Error(err)
		}
		if err := b.Burst("one", "two"); err != nil {
			t.Error(err)
		}
		if err := b.Junk(9000); err != nil {
			t.Error(err)
		}
		b.stop(t)
		if got := string(b.got); !strings.HasPrefix(got, "abcdefg\rone\rtwo\r###") || len(got) != 16+9000 {
			t.Errorf("sent %.20q, %d bytes", got, len(got))
		}
		if len(b.when) != 6 || b.when[3] != 60*time.Millisecond || b.when[5] != b.when[3] {
			t.Errorf("pieces at %v", b.when)
		}
	})
}

func TestUnplugged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, Options{})
		b.Unplug()
		<-b.done
		if err := b.Scan("abc"); !errors.Is(err, ErrUnplugged) {
			t.Errorf("%v", err)
		}
		time.Sleep(2 * time.Second)
		b.stop(t)
	})
}

func TestSwitchedOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, Options{Baud: 300, Chunks: 2, Pause: time.Hour})
		time.AfterFunc(time.Minute, func() { _ = b.Close() })
		if err := b.Scan("abcd"); !errors.Is(err, ErrClosed) {
			t.Errorf("%v", err)
		}
		if err := b.Send([]byte("x")); !errors.Is(err, ErrClosed) {
			t.Errorf("%v", err)
		}
		b.stop(t)
	})
	if _, err := New(Options{Encoding: "ebcdic"}); err == nil {
		t.Error("an unknown encoding is taken")
	}
	s, _ := New(Options{Encoding: "latin1"})
	if s.Scan("苹") == nil || s.Burst("苹") == nil {
		t.Error("characters that the encoding has not are sent")
	}
	_ = s.Close()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	s, _ = New(Options{})
	wires := 0
	err := s.Run(ctx, func(context.Context) (io.ReadWriteCloser, error) {
		wires++
		_, device := net.Pipe()
		return device, nil
	})
	if !errors.Is(err, context.Canceled) || wires != 1 {
		t.Errorf("Run of an ended context: %v after %d wires", err, wires)
	}
}
