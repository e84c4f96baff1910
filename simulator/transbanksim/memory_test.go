package transbanksim_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/transbanksim"
)

func TestTheMemorySurvivesPowerLoss(t *testing.T) {
	path := filepath.Join(t.TempDir(), "terminal.json")
	if _, err := transbanksim.Load(path); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	inLane(t, transbanksim.Options{Path: path, MerchantID: "597055555555"}, nil, func(l *lane) { l.sells(4990) })
	if m, err := transbanksim.Load(path); err != nil || m.Totals()[pos.Card]["CLP"].Amount != 4990 {
		t.Errorf("%+v, %v", m, err)
	}
	inLane(t, transbanksim.Options{Path: path}, nil, func(l *lane) {
		if l.last.Trace != "000001" {
			t.Errorf("%+v", l.last)
		}
		if r := l.sells(1000); r.MerchantID != "597055555555" || r.Trace != "000002" {
			t.Errorf("%+v", r)
		}
	})
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := transbanksim.New(transbanksim.Options{Path: path}); err == nil {
		t.Error("a damaged memory was taken")
	}
}
