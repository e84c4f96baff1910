package api

import (
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/view"
)

// TestWhatToDoAboutARefusedOfflineApproval: how often and until when, as the platform has said.
func TestWhatToDoAboutARefusedOfflineApproval(t *testing.T) {
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	later := now.Add(72 * time.Hour).UnixMilli()
	for _, c := range []struct {
		again      *record.Again
		code, text string
	}{
		{nil, "collect", "Collect it once more, or let a supervisor"},
		{&record.Again{TriesLeft: 1, Deadline: later}, "collect", "Collect it once more until 2026-11-25 10:00 UTC"},
		{&record.Again{TriesLeft: 3, Deadline: later}, "collect", "up to 3 times more until"},
		{&record.Again{Deadline: later}, "write_off", "too often"},
		{&record.Again{TriesLeft: 3, Deadline: now.UnixMilli()}, "write_off", "the time to collect it is over"},
	} {
		if got := collect(c.again, now); got.Code != c.code || !strings.Contains(got.Text, c.text) {
			t.Errorf("%+v: %+v", c.again, got)
		}
		p := &view.Payment{Status: pos.ForwardDeclined, Again: c.again}
		if got := collectable(p); (got == nil) != (c.again == nil) || got != nil && (got.TriesLeft != c.again.TriesLeft || got.DeadlineAt == "") {
			t.Errorf("%+v: %+v", c.again, got)
		}
		if p.Status = pos.Captured; collectable(p) != nil {
			t.Error("collected already")
		}
	}
}
