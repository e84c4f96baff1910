package wire

import (
	"bytes"
	"errors"
	"io"
	"net"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// sink records the writes that reach the wire, and gives reads from a script of chunks.
type sink struct {
	chunks []string
	reads  []string
	closed bool
}

func (s *sink) Write(b []byte) (int, error) {
	if s.closed {
		return 0, io.ErrClosedPipe
	}
	s.chunks = append(s.chunks, string(b))
	return len(b), nil
}

func (s *sink) Read(b []byte) (int, error) {
	if s.closed || len(s.reads) == 0 {
		return 0, io.EOF
	}
	n := copy(b, s.reads[0])
	s.reads = s.reads[1:]
	return n, nil
}

func (s *sink) Close() error { s.closed = true; return nil }

func TestFaultsAreTheSameInBothDirections(t *testing.T) {
	for _, c := range []struct {
		name   string
		faults []Fault
		want   string // of "abcdefgh" in chunks of 3, 3, 2
	}{
		{"none", nil, "abcdefgh"},
		{"drop one", []Fault{{Kind: Drop, At: 1}}, "acdefgh"},
		{"drop over chunks", []Fault{{Kind: Drop, At: 2, Count: 3}}, "abfgh"},
		{"repeat one", []Fault{{Kind: Repeat, At: 0}}, "aabcdefgh"},
		{"repeat over chunks", []Fault{{Kind: Repeat, At: 1, Count: 6}}, "abcdefgbcdefgh"},
		{"flip", []Fault{{Kind: Flip, At: 4, Mask: 0x20}}, "abcdEfgh"},
		{"flip all bits", []Fault{{Kind: Flip, At: 0}}, "\x9ebcdefgh"},
		{"flip twice", []Fault{{Kind: Flip, At: 4, Mask: 3}, {Kind: Flip, At: 4, Mask: 3}}, "abcdefgh"},
		{"junk", []Fault{{Kind: Junk, At: 3, Bytes: []byte("XY")}}, "abcXYdefgh"},
		{"silence for good", []Fault{{Kind: Silence, At: 5}}, "abcde"},
		{"two", []Fault{{Kind: Flip, At: 7, Mask: 0x20}, {Kind: Drop, At: 0, Count: 2}}, "cdefgH"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in, out := slices.Clone(c.faults), slices.Clone(c.faults)
			for i := range in {
				in[i].Direction, out[i].Direction = In, Out
			}
			received, err := io.ReadAll(New(&sink{reads: []string{"abc", "def", "gh"}}, Options{Faults: in}))
			if err != nil || string(received) != c.want {
				t.Errorf("read %q, %v", received, err)
			}
			s := &sink{}
			f := New(s, Options{Faults: out})
			for _, chunk := range []string{"abc", "def", "gh"} {
				if n, err := f.Write([]byte(chunk)); n != len(chunk) || err != nil {
					t.Errorf("Write: %d, %v", n, err)
				}
			}
			if got := strings.Join(s.chunks, ""); got != c.want || f.Offset(Out) != 8 {
				t.Errorf("written %q", got)
			}
		})
	}
}

func TestUnplugLetsTheBytesBeforePass(t *testing.T) {
	s := &sink{}
	f := New(s, Options{Faults: []Fault{{Kind: Unplug, Direction: Out, At: 2}}})
	n, err := f.Write([]byte("abcd"))
	if n != 2 || !errors.Is(err, io.ErrClosedPipe) || !s.closed || strings.Join(s.chunks, "") != "ab" {
		t.Errorf("%d, %v, %q", n, err, s.chunks)
	}
	f = New(&sink{reads: []string{"abcd"}}, Options{Faults: []Fault{{Kind: Unplug, Direction: In, At: 2}}})
	if got, err := io.ReadAll(f); string(got) != "ab" || !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("%q, %v", got, err)
	}
}

func TestCallRunsBetweenTwoBytes(t *testing.T) {
	s := &sink{}
	var before []string
	f := New(s, Options{})
	f.Add(Fault{Kind: Call, Direction: Out, At: 3, Hook: func() { before = slices.Clone(s.chunks) }})
	if _, err := f.Write([]byte("abcdef")); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(before, []string{"abc"}) || !slices.Equal(s.chunks, []string{"abc", "def"}) {
		t.Errorf("at the call %q had passed, then %q", before, s.chunks)
	}
	called := false
	g := New(&sink{reads: []string{"abcdef"}},
		Options{Faults: []Fault{{Kind: Call, Direction: In, At: 3, Hook: func() { called = true }}}})
	buf := make([]byte, 10)
	if n, _ := g.Read(buf); n != 3 || called {
		t.Errorf("first read %q, called %v", buf[:n], called)
	}
	if n, _ := g.Read(buf); n != 3 || !called {
		t.Errorf("second read %q, called %v", buf[:n], called)
	}
}

func TestSplitBoundsChunks(t *testing.T) {
	s := &sink{reads: []string{"abcde"}}
	f := New(s, Options{Split: 2})
	if _, err := f.Write([]byte("abcde")); err != nil || !slices.Equal(s.chunks, []string{"ab", "cd", "e"}) {
		t.Errorf("%q, %v", s.chunks, err)
	}
	if n, err := f.Read(make([]byte, 5)); n != 2 || err != nil {
		t.Errorf("Read: %d, %v", n, err)
	}
}

func TestObserveTellsOffsetsBeforeFaults(t *testing.T) {
	type seen struct {
		d  Direction
		at int64
		b  string
	}
	var got []seen
	f := New(&sink{reads: []string{"xy", "z"}}, Options{
		Faults:  []Fault{{Kind: Drop, Direction: Out, At: 0}, {Kind: Repeat, Direction: In, At: 0}},
		Observe: func(d Direction, at int64, b []byte) { got = append(got, seen{d, at, string(b)}) },
	})
	_, _ = f.Write([]byte("ab"))
	_, _ = f.Write([]byte("c"))
	_, _ = io.ReadAll(f)
	if want := []seen{{Out, 0, "ab"}, {Out, 2, "c"}, {In, 0, "xy"}, {In, 2, "z"}}; !reflect.DeepEqual(got, want) {
		t.Errorf("observed %v", got)
	}
}

func TestTimedFaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := net.Pipe()
		defer b.Close()
		f := New(a, Options{Faults: []Fault{
			{Kind: Delay, Direction: Out, At: 1, Wait: 250 * time.Millisecond},
			{Kind: Silence, Direction: Out, At: 2, Wait: time.Second},
		}})
		start := time.Now()
		go func() {
			_, _ = f.Write([]byte("abc"))
			time.Sleep(2 * time.Second)
			_, _ = f.Write([]byte("d"))
			_ = f.Close()
		}()
		one := make([]byte, 1)
		for _, want := range []struct {
			b  byte
			at time.Duration
		}{{'a', 0}, {'b', 250 * time.Millisecond}, {'d', 2250 * time.Millisecond}} {
			if _, err := io.ReadFull(b, one); err != nil || one[0] != want.b || time.Since(start) != want.at {
				t.Errorf("%q after %s, %v; want %q after %s", one, time.Since(start), err, want.b, want.at)
			}
		}
	})
}

func TestGlueJoinsWrites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sink{}
		f := New(s, Options{Glue: 20 * time.Millisecond})
		_, _ = f.Write([]byte("ab"))
		time.Sleep(10 * time.Millisecond)
		_, _ = f.Write([]byte("cd"))
		time.Sleep(11 * time.Millisecond)
		_, _ = f.Write([]byte("ef"))
		time.Sleep(time.Second)
		synctest.Wait()
		if !slices.Equal(s.chunks, []string{"abcd", "ef"}) {
			t.Errorf("chunks %q", s.chunks)
		}
		_ = f.Close()
		_, _ = f.Write([]byte("x"))
		time.Sleep(time.Second)
		synctest.Wait()
		if _, err := f.Write([]byte("y")); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("the wire's error does not show: %v", err)
		}
		time.Sleep(time.Second)
	})
}

func TestRandomComesFromItsSeed(t *testing.T) {
	a, b := Random(7, Out, 1000, 200), Random(7, Out, 1000, 200)
	if !reflect.DeepEqual(a, b) {
		t.Error("one seed, two scripts")
	}
	if reflect.DeepEqual(a, Random(8, Out, 1000, 200)) {
		t.Error("two seeds, one script")
	}
	kinds := map[Kind]bool{}
	for i, f := range a {
		kinds[f.Kind] = true
		if f.At < 0 || f.At >= 1000 || i > 0 && f.At < a[i-1].At || f.Direction != Out {
			t.Errorf("fault %+v", f)
		}
	}
	if len(kinds) != 5 {
		t.Errorf("kinds %v", kinds)
	}
}

func TestNothingIsLostWithoutFaults(t *testing.T) {
	all := bytes.Repeat([]byte("0123456789abcdef"), 1000)
	a, b := net.Pipe()
	f := New(a, Options{Split: 13})
	go func() { _, _ = f.Write(all); _ = f.Close() }()
	if got, err := io.ReadAll(b); err != nil || !bytes.Equal(got, all) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if In.String() != "in" || Out.String() != "out" {
		t.Error("names of the directions")
	}
}
