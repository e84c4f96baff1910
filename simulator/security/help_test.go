package security_test

import (
	"bytes"
	"sync"
	"testing"
	"time"

	"github.com/tillproof/tillproof/pos"
)

func wireTill(name string) pos.TillID { return pos.TillID(name) }

// eventually asks until the answer is yes, within the patience that a machine under load needs.
func eventually(t testing.TB, what string, yes func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); <-tick.C {
		if yes() {
			return
		}
	}
	t.Error(what)
}

// locked lets a log be written and read at the same time.
type locked struct{ w *bytes.Buffer }

func (l *locked) Write(p []byte) (int, error) {
	logs.Lock()
	defer logs.Unlock()
	return l.w.Write(p)
}

func (l *locked) text() string {
	logs.Lock()
	defer logs.Unlock()
	return l.w.String()
}

var logs sync.Mutex
