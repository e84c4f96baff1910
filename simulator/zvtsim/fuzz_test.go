package zvtsim

import (
	"context"
	"encoding/hex"
	"io"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/tillproof/tillproof/drivers/zvt/codec"
)

func hexString(b []byte) string { return hex.EncodeToString(b) }

func wirePair() (net.Conn, net.Conn) { return net.Pipe() }

// next plugs pipes in whose other end is silent.
func next(plugged chan<- struct{}) func(context.Context) (io.ReadWriteCloser, error) {
	return func(context.Context) (io.ReadWriteCloser, error) {
		a, _ := wirePair()
		plugged <- struct{}{}
		return a, nil
	}
}

// FuzzCommands sends any bytes to a terminal, as frames and raw: it neither panics nor damages its memory, and leaves nothing open.
func FuzzCommands(f *testing.F) {
	for _, seed := range []string{"0600060000000009 78",
		"06010A04000000001023490978", "0620050000000303", "06300600000087 0001", "0650030000 00", "050100",
		"06B000", "060200", "06310A00000004000000001023", "0650030000000601 00", "0601FFFFFF", "06000900000000097806820000"} {
		f.Add(unhex(seed))
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, apdu []byte) {
		if len(apdu) > 2000 {
			return
		}
		pt, err := New(Options{Path: filepath.Join(dir, "terminal.json"), CardAfter: time.Nanosecond})
		if err != nil {
			t.Fatal(err)
		}
		near, far := net.Pipe()
		done := make(chan struct{})
		go func() { defer close(done); _ = pt.Serve(context.Background(), far) }()
		drained := make(chan struct{})
		go func() { defer close(drained); _, _ = io.Copy(io.Discard, near) }()
		for _, raw := range [][]byte{codec.Frame(apdu), {codec.ACK}, apdu} {
			_, _ = near.Write(raw)
		}
		_ = near.Close()
		<-done
		<-drained
		_ = pt.Close()
		m, err := Load(pt.options.Path)
		if err != nil {
			t.Fatal(err)
		}
		for _, tx := range m.Transactions {
			if tx.Open {
				t.Errorf("transaction %d stays open without a wire", tx.Trace)
			}
		}
	})
}
