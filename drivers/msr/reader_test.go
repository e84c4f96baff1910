package msr

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/drivertest"
	"github.com/tillproof/tillproof/pos"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bench is a reader with a wire in the bubble of a test.
func bench(t *testing.T, options map[string]string, test func(reader drivers.Scanner, device *drivertest.End)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		till, device := drivertest.Wire()
		reader, err := Driver().NewScanner(till, drivers.Settings{Options: options})
		if err != nil {
			t.Fatal(err)
		}
		if err := reader.Open(context.Background()); err != nil {
			t.Fatal(err)
		}
		test(reader, device)
		if err := reader.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
}

func send(t *testing.T, device *drivertest.End, b []byte) {
	t.Helper()
	if _, err := device.Write(b); err != nil {
		t.Error(err)
	}
}

// scan waits a second for a card.
func scan(reader drivers.Scanner) (drivers.Scan, error) {
	ctx, done := context.WithTimeout(context.Background(), time.Second)
	defer done()
	return reader.Scan(ctx)
}

func TestCards(t *testing.T) {
	const own = "9876,6003,MEMBER,0042"
	for name, c := range map[string]struct {
		sent, want string
		stats      drivers.ScanStats
	}{
		"own":                       {";9876000000000000017=9912?\r", "9876000000000000017", drivers.ScanStats{Scans: 1}},
		"own, right check digit":    {";6003000000000004=9912?\r", "6003000000000004", drivers.ScanStats{Scans: 1}},
		"own with check character":  {";0042=9912?<\r", "0042", drivers.ScanStats{Scans: 1}},
		"own of three tracks":       {"%MEMBER 17?\r;9876001=?\r+9876002?\r", "9876001", drivers.ScanStats{Scans: 1}},
		"own text":                  {"%MEMBER 17?\r", "MEMBER 17", drivers.ScanStats{Scans: 1}},
		"own beside a failed track": {"%E?;9876001?\r", "9876001", drivers.ScanStats{Scans: 1}},
		"a payment card":            {";" + testPAN + "=9912201000?\r", "", drivers.ScanStats{Refused: 1}},
		"both tracks":               {"%B" + testPAN + "^DOE/JANE^9912201?\r;" + testPAN + "=9912201?\r", "", drivers.ScanStats{Refused: 1}},
		"payment beside own":        {"%B" + testPAN + "^DOE/JANE^9912201?\r;9876001?\r", "", drivers.ScanStats{Refused: 1}},
		"own beside payment":        {"%MEMBER " + testPAN + "?\r;9876001?\r", "", drivers.ScanStats{Refused: 1}},
		"no scheme, right digit":    {";9999000000000004=9912?\r", "", drivers.ScanStats{Refused: 1}},
		"the same beside own":       {"%B9999000000000004^X^?\r;9876001?\r", "", drivers.ScanStats{Refused: 1}},
		"own, with a long track 3":  {";9876001=9912?\r;01123456789=" + strings.Repeat("0", 60) + "?\r", "9876001", drivers.ScanStats{Scans: 1}},
		"payment on track 3":        {";9876001=9912?\r;01" + testPAN + "=" + strings.Repeat("0", 60) + "?\r", "", drivers.ScanStats{Refused: 1}},
		"own without sentinels":     {"9876001=9912\r", "9876001", drivers.ScanStats{Scans: 1}},
		"payment without":           {testPAN + "D9912201000F\r", "", drivers.ScanStats{Refused: 1}},
		"check that looks a start":  {";987687?;\r", "987687", drivers.ScanStats{Scans: 1}},
		"another house's":           {";1234567=9912?\r", "", drivers.ScanStats{Refused: 1}},
		"masked":                    {";9876********0017=9912?\r", "", drivers.ScanStats{Refused: 1}},
		"wrong check character":     {";0042=9912?=\r", "", drivers.ScanStats{Broken: 1}},
		"no end":                    {";9876001=99\r", "", drivers.ScanStats{Broken: 1}},
		"unreadable":                {"%E?;E?+E?\r", "", drivers.ScanStats{Broken: 1}},
		"junk":                      {"abc\r", "", drivers.ScanStats{Broken: 1}},
		"no sentinel before it":     {testPAN + "=9912?\r", "", drivers.ScanStats{Refused: 1}},
		"half a payment card":       {testPAN[2:] + "=9912?\r;9876001?\r", "9876001", drivers.ScanStats{Scans: 1}},
		"cut payment card":          {";" + testPAN + "=99\r;9876001?\r", "", drivers.ScanStats{Refused: 1}},
		"too much":                  {strings.Repeat(";9876001?\r", 60), "", drivers.ScanStats{Overlong: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			bench(t, map[string]string{"own": own}, func(reader drivers.Scanner, device *drivertest.End) {
				send(t, device, []byte(c.sent))
				got, err := scan(reader)
				if got.Text != c.want || string(got.Raw) != c.want || (c.want == "") != errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("%q, %v; want %q", got.Text, err, c.want)
				}
				if c.want != "" && (got.Symbology != "msr" || got.At.IsZero()) {
					t.Errorf("%#v", got)
				}
				if stats := reader.Stats(); stats != c.stats {
					t.Errorf("counted %+v, want %+v", stats, c.stats)
				}
			})
		})
	}
}

// TestSplitAndGlued sends a card in single bytes, and then two cards without a pause, which are one burst and give one number.
func TestSplitAndGlued(t *testing.T) {
	bench(t, map[string]string{"own": "9876", "idle_ms": "80"}, func(reader drivers.Scanner, device *drivertest.End) {
		over := make(chan struct{})
		go func() {
			defer close(over)
			for _, b := range []byte(";9876001=9912?\r") {
				time.Sleep(50 * time.Millisecond)
				send(t, device, []byte{b})
			}
		}()
		if got, err := scan(reader); err != nil || got.Text != "9876001" {
			t.Errorf("%q, %v", got.Text, err)
		}
		<-over
		send(t, device, []byte(";9876002?\r;9876003?\r"))
		if got, err := scan(reader); err != nil || got.Text != "9876002" {
			t.Errorf("%q, %v", got.Text, err)
		}
		if _, err := scan(reader); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
}

// TestWaitKeepsACard ends a wait inside of a card, which the next one hands out.
func TestWaitKeepsACard(t *testing.T) {
	bench(t, map[string]string{"own": "9876"}, func(reader drivers.Scanner, device *drivertest.End) {
		send(t, device, []byte(";9876"))
		ctx, done := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer done()
		if _, err := reader.Scan(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		send(t, device, []byte("001?\r"))
		if got, err := scan(reader); err != nil || got.Text != "9876001" {
			t.Errorf("%q, %v", got.Text, err)
		}
	})
}

func TestUnplugged(t *testing.T) {
	bench(t, nil, func(reader drivers.Scanner, device *drivertest.End) {
		send(t, device, []byte(";9876"))
		device.Close()
		for range 2 {
			_, err := scan(reader)
			var e *pos.Error
			if !errors.As(err, &e) || e.Code != "device_unavailable" || e.Money != pos.NoneMoved {
				t.Error(err)
			}
		}
	})
}

// TestNothingStays looks into the reader itself after a payment card.
func TestNothingStays(t *testing.T) {
	bench(t, map[string]string{"own": "9876"}, func(s drivers.Scanner, device *drivertest.End) {
		send(t, device, []byte("%B"+testPAN+"^DOE/JANE^9912201?\r;"+testPAN+"=9912201?\r"))
		if _, err := scan(s); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		if r := s.(*reader); strings.Trim(string(r.burst[:]), "\x00") != "" {
			t.Error("card data stay in the buffer")
		}
		if text := fmt.Sprintf("%#v", s); strings.Contains(text, "4111") || strings.Contains(text, "0x34, 0x31, 0x31, 0x31") {
			t.Error("card data stay")
		}
	})
}

func TestOptions(t *testing.T) {
	conn, _ := drivertest.Wire()
	for name, options := range map[string]map[string]string{
		"unknown": {"owns": "1"}, "empty": {"own": "98,,99"}, "small letters": {"own": "member"}, "visa": {"own": "4"}, "mastercard": {"own": "9876,5412"},
		"amex": {"own": "378282246310005"}, "idle": {"idle_ms": "5"}, "idle words": {"idle_ms": "long"},
	} {
		if _, err := Driver().NewScanner(conn, drivers.Settings{Options: options}); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if _, err := Driver().NewScanner(conn, drivers.Settings{Options: map[string]string{"own": "6, 5, 2, MEMBER 1", "idle_ms": "500"}}); err != nil {
		t.Error(err)
	}
}

// FuzzBurst hands nothing out that a payment scheme's number stands in.
func FuzzBurst(f *testing.F) {
	f.Add([]byte(";9876001=9912?\r%MEMBER?"))
	f.Add([]byte("%B4111111111111111^DOE/JANE^9912201?;4111111111111111=9912?\r"))
	f.Add([]byte("+E?;0042=9912?<"))
	f.Fuzz(func(t *testing.T, input []byte) {
		c := examine(input)
		if text := c.own([]string{"9876", "A", "4", "5"}); text != nil && (ofAScheme(text)) {
			t.Errorf("%q", text)
		}
	})
}

func BenchmarkBurst(b *testing.B) {
	burst := []byte("%B4111111111111111^DOE/JANE^30121010000000000?\r;4111111111111111=30121010000000000?\r")
	b.ReportAllocs()
	for b.Loop() {
		if !examine(burst).pays {
			b.Fatal("not a payment card")
		}
	}
}
