package idtech

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/drivers/idtech/codec"
	"github.com/tillproof/tillproof/drivers/idtech/neo2"
	"github.com/tillproof/tillproof/simulator/idtechsim"
)

// testPAN is a well-known test number.
const testPAN = "4111111111111111"

// golden is a swipe of that number by a reader with the public test key.
const golden = "027C00801700250082923B3431313131312A2A2A2A2A2A313131313D333031322A2A2A2A2A2A2A2A2A2A2A2A2A3F2A" +
	"4BA6C791EB7DC3EFBFDF8F6924F4572796CE359AE95FFEE014746B2227017F8F141D43165369FDBB" +
	"FAA2690A0556629F18196A05D38DBFAA77701DE5" + "53494D30303030303031" + "FFFF9876543210E00001" + "692D03"

func told(t *testing.T, input string) string {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(input, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	var words []string
	for _, d := range Decode(b) {
		d.Frame = ""
		text, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		words = append(words, strings.ReplaceAll(string(text), `,"protocol":"idtech"`, ""))
	}
	return strings.Join(words, "\n")
}

func TestDecode(t *testing.T) {
	swiped := `{"ok":true,"name":"swipe","direction":"device","fields":{"entry":"stripe","last4":"1111","pan":"************1111","x_encrypted":["track2"],"x_f8":"82","x_f9":"92",` +
		`"x_ksn":"ffff9876543210e00001","x_reader":"SIM0000001","x_track_status":"17","x_type":"80"}}`
	for input, want := range map[string]string{
		golden:                       swiped,
		golden + "06":                swiped + "\n" + `{"ok":true,"name":"ack"}`,
		"02 39 03 38":                `{"ok":true,"name":"version","direction":"ecr"}`,
		"02 49 03 48":                `{"ok":true,"name":"reset","direction":"ecr"}`,
		"02 52 1F 03 4C":             `{"ok":true,"name":"review","direction":"ecr","fields":{"x_function":"all"}}`,
		"02 53 85 01 31 03 E7":       `{"ok":true,"name":"set","direction":"ecr","fields":{"x_function":"enhanced","x_value":"31"}}`,
		"02 50 01 30 03 60":          `{"ok":true,"name":"arm","direction":"ecr","fields":{"x_function":"01"}}`,
		"06 02 4C 01 31 03 7D":       `{"ok":true,"name":"settings","direction":"device","fields":{"x_encryption":"31"}}`,
		"06 02 7E 01 33 03 4D":       `{"ok":true,"name":"settings","direction":"device","fields":{"status":"3","text":"card data are encrypted","x_security_level":"33"}}`,
		"15":                         `{"ok":true,"name":"nak","direction":"device","fields":{"status":"15","text":"not understood, or not possible"}}`,
		"02 7C 00 80 17":             `{"ok":false,"error":"truncated: the frame has no end"}`,
		"02 FF FF":                   `{"ok":false,"error":"65535 bytes: no swipe has such a length"}`,
		"027B" + golden[4:] + golden: `{"ok":false,"error":"the swipe does not end with 03"}` + "\n" + swiped,
		"02 06 00 80 06" + golden:    `{"ok":false,"error":"6 bytes: no swipe has such a length"}` + "\n" + swiped,
		golden[:100] + golden:        `{"ok":false,"error":"the swipe does not end with 03"}` + "\n" + swiped,
		"027D" + golden[4:] + golden: `{"ok":false,"error":"the swipe does not end with 03"}` + "\n" + swiped,
		golden[:100] + viVO + "18000000FA83": `{"ok":false,"error":"truncated: the frame has no end"}` + "\n" +
			`{"ok":true,"name":"ping","direction":"device","fields":{"status":"00","text":"done"}}`,
		buffered(golden[6 : len(golden)-6]): swiped,
		"06 02 4C 01 31 03 7E":              `{"ok":false,"error":"wrong LRC"}`,
		golden[:len(golden)-2] + "04":       `{"ok":false,"error":"the swipe does not end with 03"}`,
	} {
		if got := told(t, input); got != want {
			t.Errorf("%.40s:\n%s\nnot\n%s", input, got, want)
		}
	}
}

func TestACardNumberIsNotShown(t *testing.T) {
	track2 := ";" + testPAN + "=30121010000000000?<"
	clear2 := append([]byte{0x80, 0x17, 0, byte(len(track2)), 0, 0x02, 0x00}, track2...)
	original := append([]byte{0x00, 0x17, 0, byte(len(track2)), 0}, track2...)
	name := "%*5413********4111^DOE/JANE^***?*"
	named := append([]byte{0x80, 0x3F, byte(len(name)), 0, 0, 0x01, 0x01}, name...)
	named = append(named, make([]byte, (len(name)+7)/8*8)...)
	unmasked := append([]byte{0x80, 0x17, 0, byte(len(track2)), 0, 0x02, 0x02}, track2...) // beside its ciphertext
	unmasked = append(unmasked, make([]byte, (len(track2)+7)/8*8)...)
	packed := unhex(t, testPAN+"D3012101000000000F")
	for _, input := range [][]byte{append([]byte("ViVOtech3\x00\x02\x00\x00\x16\x57\x12"), packed...), append(unhex(t, "9A"), packed[1:]...), []byte("OE/JANE^3012101?"),
		unhex(t, reply(neo2.Activate, neo2.Failed, append([]byte{0x57, byte(len(packed))}, packed...)...)), codec.SwipeFrame(unmasked), unhex(t, buffered(hex.EncodeToString(clear2))), unhex(t, buffered(hex.EncodeToString(named))),
		codec.ReplyFrame(codec.Setting{Function: 0x70, Value: []byte("%B" + testPAN + "^DOE/JANE^3012?")}), []byte(";1?;" + track2[1:]), codec.SetFrame(0x70, []byte(track2)...),
		codec.SwipeFrame(clear2), codec.SwipeFrame(original), codec.SwipeFrame(named), []byte("%B" + testPAN + "^DOE/JANE^3012?"), []byte(track2),
		codec.SwipeFrame(clear2)[:40]} {
		text, err := json.Marshal(Decode(input))
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{testPAN, "DOE", "JANE", testPAN[2:]} {
			if strings.Contains(string(text), fmt.Sprintf("%x", secret)) || strings.Contains(string(text), secret) {
				t.Errorf("%s shows %s", text, secret)
			}
		}
	}
	for _, clear := range [][]byte{clear2, unmasked} {
		if got := Decode(codec.SwipeFrame(clear)); got[0].OK || !strings.Contains(got[0].Error, "in clear") {
			t.Errorf("%+v", got)
		}
	}
}

// buffered is card data, in hex, as a reader answers a host that has told it to wait with them.
func buffered(data string) string {
	b, _ := hex.DecodeString(fmt.Sprintf("02%04x%s03", len(data)/2, data))
	sum := byte(0)
	for _, c := range b {
		sum ^= c
	}
	return fmt.Sprintf("06%x%02x", b, sum)
}

func unhex(t *testing.T, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestFramesAreShownAsReceived looks at frames with nothing of a card in them that anybody has to hide.
func TestFramesAreShownAsReceived(t *testing.T) {
	keyed := codec.Card{Type: 0x85, Status: 0x17, F8: 0x80, F9: 0x82, Serial: []byte("SIM0000001"), KSN: unhex(t, "41111111111111110001")}
	keyed.Encrypted[1] = []byte("\x01%;\x02%;\x03?")
	for input, ksn := range map[string]any{
		golden: "ffff9876543210e00001",
		hex.EncodeToString(codec.SwipeFrame(codec.CardData(&keyed, [3]int{0, 5, 0}))):                                         "41111111111111110001",
		hex.EncodeToString(codec.ReplyFrame(codec.Setting{Function: codec.NextKSN, Value: unhex(t, "3b80f5f2a2a2b290a0a1")})): "3b80f5f2a2a2b290a0a1",
		viVO + "83500000CD7C":     nil,
		viVO + "83000002E1010D25": nil,
		reply(neo2.Activate, neo2.Failed, 0xFF, 0xEE, 0x1F, 4, 0x20, 0x69, 0x85, 1): nil,
	} {
		if got := Decode(unhex(t, input)); len(got) != 1 || !got[0].OK || !strings.EqualFold(got[0].Frame, input) || got[0].Fields["x_ksn"] != ksn {
			t.Errorf("%s: %+v", input, got)
		}
	}
}

func FuzzDecode(f *testing.F) {
	frame, err := hex.DecodeString(golden)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(frame)
	f.Add([]byte{6, 2, 0x4C, 1, 0x31, 3, 0x7D})
	f.Add([]byte{2, 0x53, 0x85, 1, 0x31, 3, 0xE7})
	f.Add(drawn(f, idtechsim.TestCard()))
	f.Add([]byte("\x06ViVOtech2\x00\x18\x00\x00\x00\xfa\x83Vi"))
	f.Fuzz(func(t *testing.T, input []byte) {
		for _, d := range Decode(input) {
			if d.OK == (d.Error != "") {
				t.Errorf("%+v", d)
			}
		}
		_, _ = codec.ParseCard(input)
	})
}
