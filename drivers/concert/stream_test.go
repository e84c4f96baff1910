package concert

import (
	"io"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/drivertest"
)

// TestAnAnswerInTwoSegments cuts it anywhere, with a pause that is longer than the one behind a whole answer.
func TestAnAnswerInTwoSegments(t *testing.T) {
	good := tags("CA", "01", "CB", "1990", "CD", "0", "AE", "10", "CE", "978", "CF", drivers.Ticket("a", privateLength))
	least := strings.Index(good, "CF") // from here on it is an answer, whose rest is missed by nobody
	for at := 1; at < least; at++ {
		comesInPieces(t, time.Second, good[:at], good[at:])
	}
	comesInPieces(t, 150*time.Millisecond, strings.Split(good, "")...)
	for _, end := range []string{"\r\n", "\x00"} { // that belong to no tag
		comesInPieces(t, 0, good+end)
	}
}

func comesInPieces(t *testing.T, pause time.Duration, pieces ...string) {
	synctest.Test(t, func(t *testing.T) {
		till, far := drivertest.Wire()
		go func() {
			_, _ = far.Read(make([]byte, 256))
			for i, piece := range pieces {
				if i > 0 {
					time.Sleep(pause)
				}
				_, _ = far.Write([]byte(piece))
			}
		}()
		term := made(t, till, true, map[string]string{"generation": "v3"})
		if how, _ := sells(t, term); how != drivers.Approved || term.Alive() != nil {
			t.Errorf("%q: %s, then %v", pieces, how, term.Alive())
		}
		till.Close()
	})
}

// TestAWholeAnswerOutlivesTheConnection, however that ends.
func TestAWholeAnswerOutlivesTheConnection(t *testing.T) {
	for _, end := range []error{io.EOF, syscall.ECONNRESET} {
		synctest.Test(t, func(t *testing.T) {
			till, far := drivertest.Wire()
			go answering(far, [][]byte{[]byte(tags("CA", "01", "CB", "1990", "CD", "0", "AE", "10", "CE", "978", "CF", drivers.Ticket("a", privateLength)))})
			if how, _ := sells(t, made(t, &broken{Conn: till, end: end}, true, map[string]string{"generation": "v3"})); how != drivers.Approved {
				t.Errorf("%v: %s", end, how)
			}
			till.Close()
		})
	}
}

// broken is a wire that ends with an error behind the first bytes.
type broken struct {
	drivers.Conn
	end  error
	said bool
}

func (c *broken) Read(b []byte) (int, error) {
	if c.said {
		return 0, c.end
	}
	n, err := c.Conn.Read(b)
	c.said = n > 0
	return n, err
}

// TestAnAnswerToAnEarlierQuestionDecidesNoSale: CD=T, whose question was given up, comes during the next sale.
func TestAnAnswerToAnEarlierQuestionDecidesNoSale(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		till, far := drivertest.Wire()
		go answering(far, [][]byte{[]byte(tags("AE", "01", "AF", "10", "CD", "T") + tags("CA", "01", "CB", "1990", "CD", "0", "AE", "10", "CE", "978"))})
		if how, _ := sells(t, made(t, till, true, map[string]string{"generation": "v3", "status_query": "payxpert"})); how != drivers.Approved {
			t.Errorf("%s", how)
		}
		till.Close()
	})
}
