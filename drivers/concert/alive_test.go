package concert

import (
	"testing"
	"testing/synctest"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/drivertest"
)

// TestATerminalThatHangsUpIsSeenWithoutAByte: on TCP the till opens the wire anew before somebody wants to sell.
func TestATerminalThatHangsUpIsSeenWithoutAByte(t *testing.T) {
	for _, stream := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			till, device := drivertest.Wire()
			defer till.Close()
			terminal, err := Driver().NewCardTerminal(till, drivers.Settings{Currency: "EUR", Stream: stream, Options: map[string]string{"generation": "v3"}})
			if err != nil {
				t.Fatal(err)
			}
			watched := terminal.(drivers.Watcher)
			if err := watched.Alive(); err != nil {
				t.Errorf("stream %v, while it is there: %v", stream, err)
			}
			_ = device.Close()
			if err := watched.Alive(); (err != nil) != stream {
				t.Errorf("stream %v, when it has hung up: %v", stream, err)
			}
		})
	}
}
