package all

import (
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/drivers/drivertest"
	hypercom "github.com/tillproof/tillproof/drivers/hypercom/codec"
	"github.com/tillproof/tillproof/drivers/idtech/neo2"
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

// neo2Clear is a card of a reader of contactless cards that does not encrypt it.
func neo2Clear() []byte {
	packed, err := hex.DecodeString(pan)
	if err != nil {
		panic(err)
	}
	data := neo2.AppendTLV([]byte{0x01}, neo2.Track2, append(packed, 0xD3, 0x01, 0x21, 0x01, 0x00, 0x00))
	data = neo2.AppendTLV(neo2.AppendTLV(data, neo2.PAN, packed), neo2.Track1, []byte("B"+pan+"^TEST/CARD^3012"))
	return neo2.ReplyFrame(neo2.Activate, neo2.OK, data...)
}

// sized is an answer of the Hypercom link with one field, and damaged the same with a wrong check.
func sized(code, data string) []byte {
	form := hypercom.Usual()
	return form.Rules().Frame(form.Payload(hypercom.Message{Direction: hypercom.Answer, Code: "20", Fields: []hypercom.Field{hypercom.Text(code, data)}}))
}

func damaged(code, data string) []byte {
	raw := sized(code, data)
	raw[len(raw)-1] ^= 0xFF
	return raw
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
		"hypercom":  {sized("30", pan), sized("T2", track), sized("02", pan), sized("64", pan), damaged("D0", "CARD "+pan), stx(0, pan), []byte(track)},
		"idtech":    {[]byte("%B" + pan + "^TEST/CARD^30121010000012345678?" + track), []byte("\x02\x2a\x00\x80\x1f" + track + "\x00\x00\x03"), stx(0, track), neo2Clear()},
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

// What a reader of contactless cards has encrypted is nobody's to keep: a trace says what came, and not the bytes.
func TestNoTraceKeepsWhatAReaderHasEncrypted(t *testing.T) {
	secret := "dccd4e096ccd9a4fd455123c63ff7aa5305862905ec4abd1"
	value, err := hex.DecodeString(secret)
	if err != nil {
		t.Fatal(err)
	}
	tap := trace.New(Decode("idtech"))
	tap.Start(time.Minute)
	near, far := drivertest.Wire()
	wire, b := tap.Wrap(near, true), make([]byte, 1000)
	_, _ = far.Write(neo2.ReplyFrame(neo2.Activate, neo2.OK, neo2.AppendTLV([]byte{0xC1}, neo2.Track2, value)...))
	_, _ = wire.Read(b)
	_ = wire.Close()
	for _, line := range tap.Read(0).Lines {
		if strings.Contains(line.Decoded.Frame, secret[:16]) {
			t.Errorf("%+v", line)
		}
		if line.Decoded.Name == "card" && line.Decoded.OK {
			return
		}
	}
	t.Errorf("no card in %+v", tap.Read(0))
}
