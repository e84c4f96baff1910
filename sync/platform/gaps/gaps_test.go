package gaps

import (
	"testing"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/wire"
)

func TestAGapThatDoesNotCloseIsNoticed(t *testing.T) {
	var w Watch
	at, now := record.Head{Seq: 7}, time.Unix(1000, 0)
	gap := func(till pos.TillID, seq pos.Seq, state wire.AckState, after time.Duration) {
		mark := at
		mark.Seq = seq
		w.Note(&wire.Ack{Till: till, Mark: mark, State: state}, now.Add(after))
	}
	for _, after := range []time.Duration{0, 30 * time.Second, 70 * time.Second} {
		gap("stuck", 7, wire.AckGap, after)
		gap("moving", 7+pos.Seq(after), wire.AckGap, after)
		gap("closed", 7, wire.AckGap, after)
	}
	gap("closed", 9, wire.AckOK, 71*time.Second)
	if list := w.Stuck(now.Add(72 * time.Second)); len(list) != 1 || list["stuck"].Mark.Seq != 7 || !list["stuck"].Since.Equal(now) {
		t.Errorf("%v", list)
	}
	if list := w.Stuck(now.Add(time.Hour)); len(list) != 0 {
		t.Errorf("%v: tills that are gone", list)
	}
}
