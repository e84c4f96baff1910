package all

import (
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/drivers/drivertest"
	"github.com/tillproof/tillproof/drivers/trace"
	"github.com/tillproof/tillproof/drivers/zvt/codec"
)

// pan is a public test number, and track what stands on such a card.
const (
	pan   = "4012888888881881"
	track = ";" + pan + "=30121010000012345678?"
)

// stx is a frame of the STX families, whose check begins with a seed.
func stx(seed byte, payload string) []byte {
	raw := append([]byte{0x02}, payload...)
	raw = append(raw, 0x03)
	sum := seed
	for _, c := range raw[1:] {
		sum ^= c
	}
	return append(raw, sum)
}

// zvtStatus is a status information with a card's number in full, as some terminals send it.
func zvtStatus(t *testing.T) codec.APDU {
	t.Helper()
	a, err := codec.Build(0x04, 0x0F).Field(codec.ResultCode, 0).Number(codec.Amount, 1250).Field(codec.PAN, 0x40, 0x12, 0x88, 0x88, 0x88, 0x88, 0x18, 0x81).
		Text(codec.CardName, "VISA "+pan+"\x00").APDU()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// samples are messages of each family that hold a card.
func samples(t *testing.T) map[string][][]byte {
	t.Helper()
	bare, err := zvtStatus(t).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	serial := codec.Frame(bare)
	return map[string][][]byte{
		"zvt":       {serial, bare, []byte(track), stx(0, pan)},
		"transbank": {stx(0, "0210|00|597020000541|80000001|ABC123|000017|"+pan+"|1250|"), stx(0, "0261|00|"+pan+"|"+track+"|"), stx(0, pan), []byte(pan)},
		"ecr17":     {stx(0x7F, "305000170E00"+pan+"CLI123456"), stx(0x7F, "30500017S00"+pan), stx(0, track), append([]byte{0x01}, pan+"    \x04"...)},
		"concert":   {stx(0, "0110000012501"+pan+"978"), stx(0, "CZ0300"+"AA016"+pan+"CB004"+"1250"), stx(0, track)},
		"idtech":    {[]byte("%B" + pan + "^TEST/CARD^30121010000012345678?" + track), []byte("\x02\x2a\x00\x80\x1f" + track + "\x00\x00\x03"), stx(0, track)},
		"scanner":   {[]byte(pan + "\r"), []byte("134500000000000077\r")},
		"msr":       {[]byte(track + "\r")},
	}
}

// However its bytes are cut, no family's trace tells a card.
func TestNoTraceTellsACard(t *testing.T) {
	for driver, list := range samples(t) {
		for n, raw := range list {
			for cut := range raw {
				tap := trace.New(Decode(driver))
				tap.Start(time.Minute)
				near, far := drivertest.Wire()
				wire, b := tap.Wrap(near, cut%2 == 0), make([]byte, 1000)
				for _, part := range [][]byte{raw[:cut], raw[cut:], {0x06}} {
					if len(part) > 0 {
						_, _ = far.Write(part)
						_, _ = wire.Read(b)
					}
				}
				_ = wire.Close()
				if where := told(tap.Read(0)); where != "" {
					t.Fatalf("%s, sample %d cut at %d: %s", driver, n, cut, where)
				}
			}
		}
	}
}

// told is what of a trace holds more of the number than its last four digits and the six before all others may show.
func told(state trace.State) string {
	var frames strings.Builder
	state.Until = time.Time{} // a time may look like anything
	for i := range state.Lines {
		state.Lines[i].At = time.Time{}
		frames.WriteString(state.Lines[i].Decoded.Frame)
	}
	all, _ := json.Marshal(state)
	for at := 2; at+6 <= len(pan); at++ {
		piece := pan[at : at+6]
		for _, text := range []string{string(all), frames.String()} {
			if strings.Contains(text, piece) || strings.Contains(text, hex.EncodeToString([]byte(piece))) {
				return string(all)
			}
		}
	}
	return ""
}
