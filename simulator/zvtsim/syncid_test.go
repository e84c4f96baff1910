package zvtsim

import (
	"bytes"
	"testing"

	"github.com/tillproof/tillproof/drivers/zvt/codec"
)

// TestS17IDsAreCompared has a terminal that keeps everything until a till comes with the id before its last one.
func TestS17IDsAreCompared(t *testing.T) {
	play(t, Options{KeepUnacknowledged: true, SyncIDs: true}, func(c *till) {
		c.says("06 00 0A 00 00 00 00 09 78 03 01 06 00")
		c.expects("80 00 00")
		c.expects("06 0F")
		for trace := byte(1); trace <= 3; trace++ {
			c.pays()
			if id, _ := c.result().TLV().Find(codec.TagSyncID); !bytes.Equal(id, []byte{0, 0, trace}) {
				t.Errorf("id % x", id)
			}
			c.says("80 00 00")
			c.expects("06 0F")
		}
		for _, x := range []struct {
			id    string // that the till has booked
			count int
		}{
			{"06 03 1F 1F 00", 4}, {"06 06 1F 1F 03 00 00 04", 5}, {"06 06 1F 1F 03 00 00 02", 6}, // none, the last, one far behind
			{"06 06 1F 1F 03 00 00 05", 6}, // one behind: the last of the six goes, and this sale comes
		} {
			c.says("06 01 " + hexOf([]byte{byte(10 + len(unhex(x.id)))}) + "04 00 00 00 00 10 23 49 09 78" + x.id)
			c.expects("80 00 00")
			c.result()
			c.says("80 00 00")
			c.expects("06 0F")
			c.holds(x.count, int64(x.count)*1023)
		}
	})
}
