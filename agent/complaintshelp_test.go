package agent_test

import (
	"compress/gzip"
	"context"
	"encoding/hex"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/tillproof/tillproof/agent"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/sync/platform"
)

// pester asks for delivery again and again while nobody is there, and sees that the till tries to connect at once each time. Left alone it would pause,
// longer and longer, up to half a minute.
func (w *world) pester(times int) {
	w.t.Helper()
	nobody, err := net.Listen("tcp", w.broker)
	if err != nil {
		w.t.Fatal(err)
	}
	tried := make(chan struct{}, 1000)
	go func() {
		defer close(tried)
		for {
			conn, err := nobody.Accept()
			if err != nil {
				return
			}
			hello := make([]byte, 256)
			n, _ := conn.Read(hello)
			conn.Close()
			if strings.Contains(string(hello[:n]), "till-1") { // the platform tries, too
				tried <- struct{}{}
			}
		}
	}()
	for n := range times {
		w.ask(http.MethodPost, "/v1/sync", nil, nil)
		select {
		case <-tried:
		case <-time.After(10 * time.Second):
			w.t.Errorf("the till was asked to deliver for the %dth time and did not try", n+1)
		}
	}
	nobody.Close()
	for range tried {
		continue
	}
}

// unpackRelease lays out the data folder that an earlier release has left.
func (w *world) unpackRelease(source string) {
	w.t.Helper()
	paths := agent.PathsIn(w.dir)
	mkdir(w.t, paths.Journal)
	key, err := os.ReadFile(filepath.Join(source, "till.pem"))
	if err != nil {
		w.t.Fatal(err)
	}
	write(w.t, paths.Key, string(key))
	packed, err := filepath.Glob(filepath.Join(source, "*.gz"))
	if err != nil || len(packed) == 0 {
		w.t.Fatal(packed, err)
	}
	for _, path := range packed {
		f, err := os.Open(path)
		if err != nil {
			w.t.Fatal(err)
		}
		z, err := gzip.NewReader(f)
		if err != nil {
			w.t.Fatal(err)
		}
		content, err := io.ReadAll(z)
		if f.Close(); err != nil {
			w.t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(path), ".gz")
		if strings.HasSuffix(name, ".seg") {
			name = filepath.Join("journal", name)
		}
		write(w.t, filepath.Join(w.dir, name), string(content))
	}
}

// platformOf starts a broker and a platform for a till of another name.
func (w *world) platformOf(till pos.TillID) {
	w.t.Helper()
	w.brokerUp()
	key, err := cose.Load(agent.PathsIn(w.dir).Key)
	if err != nil {
		w.t.Fatal(err)
	}
	dir := w.t.TempDir()
	centre, err := cose.LoadOrCreate(filepath.Join(dir, "platform.pem"))
	if err != nil {
		w.t.Fatal(err)
	}
	w.platform = platform.Config{Data: dir, Database: filepath.Join(dir, "ledger.db"), Keys: filepath.Join(dir, "platform.pem"), Broker: "tcp://" + w.broker,
		Merchants: []platform.MerchantConfig{{Merchant: "shop", Tills: []platform.TillConfig{{Till: till, PublicKey: hex.EncodeToString(key.Public())}}}}}
	w.trust(centre.Public())
	ctx, cancel := context.WithCancel(context.Background())
	ready, ended := make(chan string, 1), make(chan error, 1)
	go func() {
		ended <- platform.Serve(ctx, w.platform, platform.Options{Ready: func(a string) { ready <- a }})
	}()
	select {
	case <-ready:
	case err := <-ended:
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			w.t.Error(err)
		}
	})
}
