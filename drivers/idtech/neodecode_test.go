package idtech

import (
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/drivers/idtech/neo2"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/idtechsim"
)

const viVO = "5669564F746563683200"

// TestDecodeNEO2 puts frames that the papers give whole into words, alone and beside those of stripe readers.
func TestDecodeNEO2(t *testing.T) {
	sale := hex.EncodeToString(neo2.RequestFrame(neo2.Activate, neo2.ActivateSub, activation(&pos.Money{Amount: 1250, Currency: "EUR"})...))
	pinged := `{"ok":true,"name":"ping","direction":"device","fields":{"status":"00","text":"done"}}`
	for input, want := range map[string]string{
		viVO + "18010000B3CD":                 `{"ok":true,"name":"ping","direction":"ecr"}`,
		viVO + "18000000FA83":                 pinged,
		viVO + "18000000FA83" + "06":          pinged + "\n" + `{"ok":true,"name":"ack"}`,
		"15" + viVO + "18000000FA83":          `{"ok":true,"name":"nak","direction":"device","fields":{"status":"15","text":"not understood, or not possible"}}` + "\n" + pinged,
		"FFFF" + viVO + "18000000FA83":        `{"ok":false,"error":"2 bytes that begin no frame"}` + "\n" + pinged,
		viVO + "83500000CD7C":                 `{"ok":true,"name":"command","direction":"ecr","fields":{"x_command":"83-50"}}`,
		viVO + "83000002E1010D25":             `{"ok":true,"name":"reply","direction":"device","fields":{"status":"00","text":"done","x_command":"83"}}`,
		viVO + "18000000FA84":                 `{"ok":false,"error":"wrong CRC"}`,
		viVO + "180000":                       `{"ok":false,"error":"truncated: the frame has no end"}`,
		sale:                                  `{"ok":true,"name":"activate","direction":"ecr","fields":{"amount":1250,"currency":"EUR","x_seconds":30}}`,
		reply(neo2.Activate, neo2.TimedOut):   `{"ok":true,"name":"result","direction":"device","fields":{"status":"08","text":"no card came in time"}}`,
		reply(neo2.Encryption, 0, 3):          `{"ok":true,"name":"encryption","direction":"device","fields":{"status":"00","text":"done","x_encryption":"03"}}`,
		reply(neo2.Keys, 0, 2):                `{"ok":true,"name":"key","direction":"device","fields":{"status":"00","text":"done","x_key_state":"02"}}`,
		reply(neo2.Serial, 0, '1', '2', 0, 0): `{"ok":true,"name":"serial","direction":"device","fields":{"status":"00","text":"done","x_reader":"12"}}`,
		hex.EncodeToString(drawn(t, idtechsim.TestCard())): `{"ok":true,"name":"card","direction":"device","fields":{"entry":"contactless","last4":"1111","pan":"************1111",` +
			`"status":"00","text":"done","x_attribution":"c1","x_encrypted":["track2","pan"],"x_ksn":"ffff9876543210e00001"}}`,
	} {
		if got := told(t, input); got != want {
			t.Errorf("%.60s:\n%s\nnot\n%s", input, got, want)
		}
	}
}

func reply(command, status byte, data ...byte) string {
	return hex.EncodeToString(neo2.ReplyFrame(command, status, data...))
}

// TestNoCardOfNEO2IsShown decodes cards in clear and encrypted, whole, cut and damaged.
func TestNoCardOfNEO2IsShown(t *testing.T) {
	for _, do := range []idtechsim.Do{idtechsim.Read, idtechsim.ClearFlag, idtechsim.Unmasked, idtechsim.WhiteListed, idtechsim.WrongCRC} {
		for _, entry := range []idtechsim.Entry{idtechsim.Tapped, idtechsim.Drawn} {
			card := idtechsim.TestCardOfBothTracks()
			card.Do, card.Entry = do, entry
			whole := drawn(t, card)
			for _, input := range [][]byte{whole, whole[:len(whole)-9], whole[:60]} {
				text, err := json.Marshal(Decode(input))
				if err != nil {
					t.Fatal(err)
				}
				for _, secret := range []string{testPAN, "DOE", hex.EncodeToString([]byte("DOE")), hex.EncodeToString([]byte(testPAN)), "d3012101"} {
					if strings.Contains(string(text), secret) {
						t.Errorf("%s, %s: %s shows %s", do, entry, text, secret)
					}
				}
			}
			if d := Decode(whole)[0]; d.OK != (do == idtechsim.Read || entry == idtechsim.Drawn && do == idtechsim.WhiteListed) {
				t.Errorf("%s, %s: %+v", do, entry, d)
			}
		}
	}
}
