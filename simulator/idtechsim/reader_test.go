package idtechsim

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/tillproof/tillproof/drivers/idtech/codec"
	"github.com/tillproof/tillproof/simulator/dukpt"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// golden is the first swipe of the test card at a reader with the public test key, computed by hand from the papers and checked with OpenSSL.
const golden = "027C00801700250082923B3431313131312A2A2A2A2A2A313131313D333031322A2A2A2A2A2A2A2A2A2A2A2A2A3F2A" +
	"4BA6C791EB7DC3EFBFDF8F6924F4572796CE359AE95FFEE014746B2227017F8F141D43165369FDBB" +
	"FAA2690A0556629F18196A05D38DBFAA77701DE5" + "53494D30303030303031" + "FFFF9876543210E00001" + "692D03"

// recommended are the settings that a till makes.
func recommended() map[byte][]byte {
	return map[byte][]byte{codec.Enhanced: {'1'}, codec.ShowExpiry: {'1'}, codec.PrePAN: {'6'}, codec.EncryptOption: {0x17}}
}

func newReader(t *testing.T, o Options) *Reader {
	t.Helper()
	r, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

func draw(t *testing.T, r *Reader, c Card) []byte {
	t.Helper()
	out, err := r.Draw(c)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestGoldenSwipe(t *testing.T) {
	r := newReader(t, Options{Settings: recommended()})
	if got := draw(t, r, TestCard()); !strings.EqualFold(hex.EncodeToString(got), golden) {
		t.Errorf("%X\nnot\n%s", got, golden)
	}
}

// TestFormats opens what the reader encrypted, in both formats, and looks for what stands there in clear.
func TestFormats(t *testing.T) {
	for name, settings := range map[string]map[byte][]byte{"enhanced": recommended(), "original": {}, "everything": {codec.Enhanced: {'1'}, codec.EncryptOption: {7}}} {
		t.Run(name, func(t *testing.T) {
			c := TestCardOfBothTracks()
			frame := draw(t, newReader(t, Options{Settings: settings}), c)
			f, n, err := codec.Split(frame)
			if err != nil || n != len(frame) {
				t.Fatal(n, err)
			}
			card, err := codec.ParseCard(f.Data)
			if err != nil || card.Clear() || bytes.Contains(frame, []byte("4111111111111111")) {
				t.Fatalf("%+v, %v", card, err)
			}
			want := c.tracks()
			if name == "original" {
				opened, err := dukpt.Decrypt(dukpt.TestBaseKey(), card.KSN, card.Both)
				if err != nil || !strings.HasPrefix(string(opened), want[0]+want[1]) {
					t.Errorf("%q, %v", opened, err)
				}
				return
			}
			for i, track := range want[:2] {
				opened, err := dukpt.Decrypt(dukpt.TestBaseKey(), card.KSN, card.Encrypted[i])
				if err != nil || strings.TrimRight(string(opened), "\x00") != track {
					t.Errorf("track %d: %q, %v", i+1, opened, err)
				}
			}
		})
	}
}

func TestLevels(t *testing.T) {
	clear := TestCard().Track2 + "\r"
	for level, want := range map[string]string{"0": "", "1": clear, "2": clear} {
		if got := draw(t, newReader(t, Options{Level: level}), TestCard()); string(got) != want {
			t.Errorf("level %s: %q", level, got)
		}
	}
	r := newReader(t, Options{KSN: unhex(t, "FFFF9876543210FFF800")})
	if got := draw(t, r, TestCard()); len(got) != 0 || r.Memory().Level != "0" {
		t.Errorf("after the last key: %q, level %s", got, r.Memory().Level)
	}
}

func unhex(t *testing.T, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestMemorySurvives(t *testing.T) {
	path := filepath.Join(t.TempDir(), "reader.json")
	o := Options{Path: path, Settings: recommended()}
	draw(t, newReader(t, o), TestCard())
	draw(t, newReader(t, o), TestCard())
	m, err := Load(path)
	if err != nil || m.Swipes != 2 || m.KSN != "ffff9876543210e00002" {
		t.Errorf("%+v, %v", m, err)
	}
}

// TestRequests are the worked requests and replies of the papers.
func TestRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReader(t, Options{})
		near, far := net.Pipe()
		served := make(chan error, 1)
		go func() { served <- r.Serve(context.Background(), far) }()
		for _, c := range []struct{ request, want string }{
			{"02 52 4C 03 1F", "06 02 4C 01 31 03 7D"},
			{"02 52 7E 03 2D", "06 02 7E 01 33 03 4D"},
			{"02 49 03 48", "06"},
			{"02 53 85 01 31 03 E7", "06"},
			{"02 52 85 03 D6", "06 02 85 01 31 03 B4"},
			{"02 53 99 01 31 03 FB", "15"},
			{"02 52 99 03 CA", "16"},
			{"02 50 01 30 03 60", "18"},
			{"FF 02 52 7E 03 2D", "06 02 7E 01 33 03 4D"},
			{"05 04 02 30 31", ""},
			{"02 52 7E 03 2D", "06 02 7E 01 33 03 4D"},
		} {
			if _, err := near.Write(unhex(t, strings.ReplaceAll(c.request, " ", ""))); err != nil {
				t.Fatal(err)
			}
			want := unhex(t, strings.ReplaceAll(c.want, " ", ""))
			got := make([]byte, len(want))
			if _, err := io.ReadFull(near, got); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s: % X, %v; want %s", c.request, got, err, c.want)
			}
			time.Sleep(time.Second)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		if err := <-served; !errors.Is(err, ErrClosed) {
			t.Errorf("served until %v", err)
		}
		if err := r.Swipe(TestCard()); !errors.Is(err, ErrUnplugged) {
			t.Errorf("swiped at no wire: %v", err)
		}
	})
}
