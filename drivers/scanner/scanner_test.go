package scanner

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// lost says whether an error is that of a pipe whose other end is gone.
func lost(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrClosedPipe) }

// chunk is what comes over the wire at once, after a pause.
type chunk struct {
	after time.Duration
	bytes string
}

// play sends chunks and collects the texts of what is scanned until the wire is closed, which is a minute after the last chunk.
func play(t *testing.T, options map[string]string, chunks ...chunk) (texts []string, stats drivers.ScanStats) {
	t.Helper()
	till, device := net.Pipe()
	go func() {
		defer device.Close()
		for _, c := range chunks {
			time.Sleep(c.after)
			_, _ = device.Write([]byte(c.bytes))
		}
		time.Sleep(time.Minute)
	}()
	s, err := Driver().NewScanner(till, drivers.Settings{Options: options})
	if err != nil {
		t.Fatal(err)
	}
	for {
		scan, err := s.Scan(context.Background())
		if err != nil {
			var e *pos.Error
			if !errors.As(err, &e) || e.Money != pos.NoneMoved || e.Code != "device_unavailable" || !lost(err) {
				t.Errorf("the lost wire is told as %v", err)
			}
			_ = till.Close()
			return texts, s.Stats()
		}
		texts = append(texts, scan.Text)
	}
}

func TestFraming(t *testing.T) {
	ms := time.Millisecond
	none := map[string]string{"terminator": "none"}
	for _, c := range []struct {
		name    string
		options map[string]string
		chunks  []chunk
		want    []string
		stats   drivers.ScanStats
	}{
		{"CR", nil, []chunk{{0, "abc\r"}}, []string{"abc"}, drivers.ScanStats{Scans: 1}},
		{"LF", nil, []chunk{{0, "abc\n"}}, []string{"abc"}, drivers.ScanStats{Scans: 1}},
		{"CRLF", nil, []chunk{{0, "abc\r\ndef\r\n"}}, []string{"abc", "def"}, drivers.ScanStats{Scans: 2}},
		{"CR and LF in two chunks", nil, []chunk{{0, "abc\r"}, {0, "\ndef\r"}, {0, "\n"}}, []string{"abc", "def"}, drivers.ScanStats{Scans: 2}},
		{"doubled CR", nil, []chunk{{0, "abc\r\rdef\r\r"}}, []string{"abc", "def"}, drivers.ScanStats{Scans: 2}},
		{"doubled CRLF", nil, []chunk{{0, "abc\r\n\r\n"}}, []string{"abc"}, drivers.ScanStats{Scans: 1}},
		{"TAB", nil, []chunk{{0, "abc\tdef\t"}}, []string{"abc", "def"}, drivers.ScanStats{Scans: 2}},
		{"STX and ETX", nil, []chunk{{0, "\x02abc\x03\x02def\x03"}}, []string{"abc", "def"}, drivers.ScanStats{Scans: 2}},
		{"STX inside", nil, []chunk{{0, "a\x02c\r"}}, []string{"a\x02c"}, drivers.ScanStats{Scans: 1}},
		{"four chunks", nil, []chunk{{0, "a"}, {50 * ms, "b"}, {50 * ms, "c"}, {50 * ms, "\r"}}, []string{"abc"}, drivers.ScanStats{Scans: 1}},
		{"silence", nil, []chunk{{0, "abc"}, {61 * ms, "def"}}, []string{"abc", "def"}, drivers.ScanStats{Scans: 2}},
		{"no silence", nil, []chunk{{0, "abc"}, {59 * ms, "def"}}, []string{"abcdef"}, drivers.ScanStats{Scans: 1}},
		{"other silence", map[string]string{"idle_ms": "500"}, []chunk{{0, "abc"}, {400 * ms, "def"}, {501 * ms, "g"}},
			[]string{"abcdef", "g"}, drivers.ScanStats{Scans: 2}},
		{"a terminator was seen", nil, []chunk{{0, "x\r"}, {time.Second, "abc"}, {900 * ms, "def\r"}},
			[]string{"x", "abcdef"}, drivers.ScanStats{Scans: 2}},
		{"the terminator is lost", nil, []chunk{{0, "x\r"}, {time.Second, "abc"}, {1100 * ms, "def\r"}},
			[]string{"x", "def"}, drivers.ScanStats{Scans: 2, Broken: 1}},
		{"no terminators any more", nil, []chunk{{0, "x\r"}, {time.Second, "abc"}, {2 * time.Second, "def"}, {time.Second, "ghi"}},
			[]string{"x", "def", "ghi"}, drivers.ScanStats{Scans: 3, Broken: 1}},
		{"configured ETX", map[string]string{"terminator": "etx"}, []chunk{{0, "a\r\nb\tc\x03"}}, []string{"a\r\nb\tc"}, drivers.ScanStats{Scans: 1}},
		{"configured TAB", map[string]string{"terminator": "tab"}, []chunk{{0, "a\r\tb\t"}}, []string{"a\r", "b"}, drivers.ScanStats{Scans: 2}},
		{"configured CR", map[string]string{"terminator": "cr"}, []chunk{{0, "a\tb\r\nc\r"}}, []string{"a\tb", "c"}, drivers.ScanStats{Scans: 2}},
		{"configured LF", map[string]string{"terminator": "lf"}, []chunk{{0, "a\rb\n"}}, []string{"a\rb"}, drivers.ScanStats{Scans: 1}},
		{"configured CRLF", map[string]string{"terminator": "crlf"}, []chunk{{0, "a\rb\nc\r"}, {10 * ms, "\nd\r\n\r\n"}},
			[]string{"a\rb\nc", "d"}, drivers.ScanStats{Scans: 2}},
		{"configured CR waits for no silence", map[string]string{"terminator": "cr"}, []chunk{{0, "abc"}, {500 * ms, "def\r"}},
			[]string{"abcdef"}, drivers.ScanStats{Scans: 1}},
		{"no terminator", none, []chunk{{0, "a\rb"}, {100 * ms, "c"}}, []string{"a\rb", "c"}, drivers.ScanStats{Scans: 2}},
		{"control bytes", nil, []chunk{{0, "a\x00b\x11c\x13\x1bd\r"}}, []string{"ab\x11c\x13\x1bd"}, drivers.ScanStats{Scans: 1}},
		{"flow control", map[string]string{"flow": "xonxoff"}, []chunk{{0, "\x11a\x13b\x11\r"}}, []string{"ab"}, drivers.ScanStats{Scans: 1}},
		{"FNC1 first", nil, []chunk{{0, "\x1d10A\x1d21B\r"}}, []string{"\x1d10A\x1d21B"}, drivers.ScanStats{Scans: 1}},
		{"longest", nil, []chunk{{0, strings.Repeat("x", 8192) + "\r"}}, []string{strings.Repeat("x", 8192)}, drivers.ScanStats{Scans: 1}},
		{"overlong", nil, []chunk{{0, strings.Repeat("x", 8193) + "\rabc\r"}}, []string{"abc"}, drivers.ScanStats{Scans: 1, Overlong: 1}},
		{"overlong CRLF", map[string]string{"terminator": "crlf"}, []chunk{{0, strings.Repeat("x", 9000) + "\r\nabc\r\n"}},
			[]string{"abc"}, drivers.ScanStats{Scans: 1, Overlong: 1}},
		{"overlong without end", nil, []chunk{{0, strings.Repeat("x", 9000)}, {100 * ms, "abc"}},
			[]string{"abc"}, drivers.ScanStats{Scans: 1, Overlong: 1}},
		{"tracks of a card that pays", nil, []chunk{{0, "%B4111111111111111^DOE/JANE^3012101?\r;4111111111111111=3012101?\r;9876001234=3012?\r"}},
			[]string{";9876001234=3012?"}, drivers.ScanStats{Scans: 1, Refused: 2}},
		{"twice at once", nil, []chunk{{0, "abc\rabc\r"}}, []string{"abc"}, drivers.ScanStats{Scans: 1, Duplicates: 1}},
		{"twice within 300 ms", nil, []chunk{{0, "abc\r"}, {300 * ms, "abc\r"}}, []string{"abc"}, drivers.ScanStats{Scans: 1, Duplicates: 1}},
		{"two cans", nil, []chunk{{0, "abc\r"}, {301 * ms, "abc\r"}}, []string{"abc", "abc"}, drivers.ScanStats{Scans: 2}},
		{"read on and on", nil, []chunk{{0, "abc\r"}, {200 * ms, "abc\r"}, {200 * ms, "abc\r"}}, []string{"abc"},
			drivers.ScanStats{Scans: 1, Duplicates: 2}},
		{"another between", nil, []chunk{{0, "abc\rdef\rabc\r"}}, []string{"abc", "def", "abc"}, drivers.ScanStats{Scans: 3}},
		{"same text, other symbology", nil, []chunk{{0, "]Q1abc\r]C0abc\r"}}, []string{"abc", "abc"}, drivers.ScanStats{Scans: 2}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if got, stats := play(t, c.options, c.chunks...); !slices.Equal(got, c.want) || stats != c.stats {
					t.Errorf("%q, %+v; want %q, %+v", got, stats, c.want, c.stats)
				}
			})
		})
	}
}

func TestTerminatorIsNotWaitedBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		till, device := net.Pipe()
		defer till.Close()
		defer device.Close()
		s, _ := newScanner(till, drivers.Settings{})
		start := time.Now()
		go func() { _, _ = device.Write([]byte("abc\r")) }()
		scan, err := s.Scan(context.Background())
		if err != nil || !scan.At.Equal(start) || time.Since(start) != 0 {
			t.Errorf("%v after %s, %v", scan, time.Since(start), err)
		}
	})
}

func TestContextKeepsHalfACode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		till, device := net.Pipe()
		defer till.Close()
		defer device.Close()
		s, _ := newScanner(till, drivers.Settings{Options: map[string]string{"terminator": "cr"}})
		go func() { _, _ = device.Write([]byte("one\rab")) }()
		if scan, err := s.Scan(context.Background()); err != nil || scan.Text != "one" {
			t.Fatal(scan, err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Millisecond)
		defer cancel()
		start := time.Now()
		if _, err := s.Scan(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > 40*time.Millisecond {
			t.Errorf("%v after %s", err, time.Since(start))
		}
		cancelled, stop := context.WithCancel(context.Background())
		time.AfterFunc(10*time.Millisecond, stop)
		if _, err := s.Scan(cancelled); !errors.Is(err, context.Canceled) || time.Since(start) > 400*time.Millisecond {
			t.Errorf("%v after %s", err, time.Since(start))
		}
		go func() { _, _ = device.Write([]byte("c\r")) }()
		if scan, err := s.Scan(context.Background()); err != nil || string(scan.Raw) != "abc" {
			t.Errorf("%q, %v", scan.Raw, err)
		}
		if err := errors.Join(s.Open(context.Background()), s.Close(context.Background())); err != nil || s.Open(cancelled) == nil {
			t.Error("Open and Close need nothing but time")
		}
	})
}

func TestFaultOfTheWireSticks(t *testing.T) {
	till, device := net.Pipe()
	_ = device.Close()
	s, _ := newScanner(till, drivers.Settings{})
	for range 2 {
		if _, err := s.Scan(context.Background()); !lost(err) {
			t.Errorf("%v", err)
		}
	}
	_ = till.Close()
	s, _ = newScanner(till, drivers.Settings{})
	if _, err := s.Scan(context.Background()); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("%v", err)
	}
}

func TestOptions(t *testing.T) {
	for _, c := range []struct{ name, value, want string }{
		{"idle_ms", "19", "20 to 500"}, {"idle_ms", "501", "20 to 500"}, {"idle_ms", "x", "20 to 500"}, {"terminator", "xyz", "crlf"},
		{"flow", "rts", "xonxoff"}, {"encoding", "ebcdic", "gb18030"}, {"idle", "60", "unknown option"},
	} {
		if _, err := newScanner(nil, drivers.Settings{Options: map[string]string{c.name: c.value}}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s=%s: %v", c.name, c.value, err)
		}
	}
	for name, values := range map[string][]string{"idle_ms": {"20", "500"}, "flow": {"none", "xonxoff"}, "terminator": {"auto", "none", "lf"},
		"encoding": {"auto", "gb18030", "sjis", "big5", "latin1"}} {
		for _, v := range values {
			if _, err := newScanner(nil, drivers.Settings{Options: map[string]string{name: v}}); err != nil {
				t.Error(err)
			}
		}
	}
}
