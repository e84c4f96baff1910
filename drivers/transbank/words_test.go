package transbank

import (
	"errors"
	"testing"

	"github.com/tillproof/tillproof/drivers/drivertest"
	"github.com/tillproof/tillproof/drivers/stx"
	"github.com/tillproof/tillproof/drivers/transbank/codec"
	"github.com/tillproof/tillproof/pos"
)

// TestRefusalsSayWhatToDo wants a sentence, a next step and a class of every code and of every failure of the link.
func TestRefusalsSayWhatToDo(t *testing.T) {
	conn, far := drivertest.Wire()
	defer conn.Close()
	defer far.Close()
	term := &terminal{line: stx.NewLine(conn, codec.Rules()), options: defaults()}
	seen := map[string]bool{}
	for _, cause := range []error{errBusy, stx.ErrDamaged, stx.ErrNAK, stx.ErrSilent} {
		var known *pos.Error
		if err := term.unavailable(cause); !errors.As(err, &known) || !errors.Is(err, cause) || known.Money != pos.NoneMoved || known.Retry != pos.Transient || seen[known.Text] {
			t.Errorf("%v: %v", cause, err)
		} else {
			seen[known.Text] = true
		}
	}
	for code, want := range map[string]pos.ErrorCode{"12": "not_supported", "26": "terminal_refused", "03": "terminal_refused", "99": "terminal_refused", "11": "terminal_refused"} {
		e := refusedError(code)
		if e.Code != want || e.Money != pos.NoneMoved || e.Details["result"] != code || e.Next[0] < 'A' || e.Next[0] > 'Z' || e.Next[len(e.Next)-1] != '.' {
			t.Errorf("%s: %+v", code, e)
		}
	}
	for _, id := range []string{"VI", "MC", "AX", "DC", "DB", "CA", "CR", "CE", "TP", "MG", "RP", "EX", "TC", "TM", "ZZ"} {
		if name := brandID(id); name == "" || name == id || brandName(id) == "" {
			t.Errorf("%s: %q", id, name)
		}
	}
}
