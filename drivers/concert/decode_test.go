package concert

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/drivers/concert/codec"
)

// testPAN is a well-known test number.
const testPAN = "4111111111111111"

func told(t *testing.T, payload string) string {
	t.Helper()
	objects := Decode(codec.Rules().Frame([]byte(payload)))
	if len(objects) != 1 {
		t.Fatalf("%q: %d objects", payload, len(objects))
	}
	objects[0].Frame = ""
	text, err := json.Marshal(objects[0])
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(strings.TrimPrefix(string(text), `{"ok":true,"protocol":"concert",`), "}")
}

func tag(name, value string) string { return fmt.Sprintf("%s%03d%s", name, len(value), value) }

func TestDecode(t *testing.T) {
	for payload, want := range map[string]string{
		"0200001990110978          A010B010": `"name":"payment","direction":"ecr","fields":{"amount":1990,"card_name":"card","currency":"EUR","register":"02",` +
			`"x_answer":"1","x_authorisation":"B010","x_delay":"A010","x_means":"1","x_type":"0"}`,
		"0200001990012978order-17  A010B010": `"name":"reversal","direction":"ecr","fields":{"amount":1990,"card_name":"card","currency":"EUR","reference":"order-17","register":"02",` +
			`"x_answer":"0","x_authorisation":"B010","x_delay":"A010","x_means":"1","x_type":"2"}`,
		"020000019901978          ": `"name":"result","direction":"device","fields":{"amount":1990,"card_name":"card","currency":"EUR","register":"02","result":"0","result_text":"done","x_means":"1"}`,
		"02700001990" + "1" + fmt.Sprintf("%-55s", testPAN+" 1299") + "978order-17  ": `"name":"result","direction":"device","fields":{"amount":1990,"card_name":"card","currency":"EUR","last4":"1111","pan":"************1111",` +
			`"reference":"order-17","register":"02","result":"7","result_text":"refused","x_means":"1"}`,
		"CZ0040300CJ012000000000042CA00203CE003978BA0010CD0010CB0041990": `"name":"payment","direction":"ecr","fields":{"amount":1990,"currency":"EUR","register":"03","x_ba":"0","x_cj":"000000000042","x_cz":"0300"}`,
		tag("CZ", "0300") + tag("CD", "0") + tag("AE", "01") + tag("AF", "11"): `"name":"payment","direction":"device","fields":{"result":"01","result_text":"not done","status":"11",` +
			`"text":"abandoned by the operator","x_cz":"0300"}`,
		tag("CZ", "0300") + tag("AE", "10") + tag("CB", "0000001990") + tag("AA", testPAN) + tag("AC", "123456") + tag("ZT", tag("CK", "100")+tag("AK", base64.StdEncoding.EncodeToString([]byte("TICKET\n4111111111111111\n")))): `"name":"message",` +
			`"direction":"device","fields":{"amount":1990,"auth_code":"123456","last4":"1111","lines":["TICKET","************1111"],"pan":"************1111","result":"10","result_text":"done","x_ck":"100","x_cz":"0300"}`,
		tag("CZ", "0320") + tag("CH", "B") + tag("CF", "A") + tag("CD", "X") + tag("AF", "04 REFUS") + tag("AI", "A0000000031010") + tag("AP", "2611222216390"): `"name":"message","direction":"ecr",` +
			`"fields":{"reference":"A","status":"04 REFUS","text":"refused","x_ai":"A0000000031010","x_ap":"2611222216390","x_cd":"X","x_ch":"B","x_cz":"0320"}`,
		tag("CZ", "0300") + tag("CH", "B") + tag("AE", "10") + tag("AK", base64.StdEncoding.EncodeToString([]byte("D\xe9bit\n"))): `"name":"message","direction":"device",` +
			`"fields":{"lines":["Débit"],"reference":"B","result":"10","result_text":"done","x_cz":"0300"}`,
		"CZ0040300CB0": `{"ok":false,"error":"truncated: 3 characters are no tag","protocol":"concert","name":"message","direction":"ecr","fields":{"x_cz":"0300"}`,
		"0200001990":   `{"ok":false,"error":"a message of 10 characters is neither E+ nor V3","protocol":"concert"`,
	} {
		if got := told(t, payload); got != want {
			t.Errorf("%q:\n%s\nnot\n%s", payload, got, want)
		}
	}
}

func TestASessionIsOneObjectEach(t *testing.T) {
	objects := Decode([]byte("\x05\x06\x02020000019901978          \x03\x37\x06\x04"))
	var names []string
	for _, o := range objects {
		names = append(names, o.Name)
	}
	if got := strings.Join(names, " "); got != "enq ack result ack eot" {
		t.Error(got)
	}
}

// TestWhatIsRight says of inputs how many objects they are and which of them are right; the others have the error that is wanted.
func TestWhatIsRight(t *testing.T) {
	short, good := "020000019901978          ", "CZ0040300CD0010CB0041990"
	frame := func(payload string, flip byte) string {
		f := codec.Rules().Frame([]byte(payload))
		f[len(f)-1] ^= flip
		return string(f)
	}
	for input, want := range map[string][]string{
		frame(short, 0): {"ok"}, frame(short, 1): {"wrong check"}, frame(short, 2): {"wrong check"}, frame(short, 3): {"wrong check"}, frame(short, 0x80): {"wrong check"},
		good: {"ok"}, good + "\r\n": {"ok"}, good + good: {"ok", "ok"}, good + "AE0\n" + good: {"truncated", "ok"}, good + "AE0x1" + good: {"the length of", "ok"},
		"C": {"truncated"}, "CZ0": {"truncated"}, good[:20]: {"truncated"}, "\x06\x05": {"ok", "ok"},
		frame("02000001990197\x00\x00         ", 0): {"characters"}, frame("020000019901978\xe9\xe9        ", 0): {"characters"}, frame("020000019901978\x7f\x7f        ", 0): {"ok"},
		"\x82\x30\xb2\x30\x30\x30\x30\x30\xb1\x39": {"10 bytes with parity bits"}, "\x95": {"1 bytes with parity bits"},
		"\x02020000019901411\x001111": {"truncated"},
	} {
		objects := Decode([]byte(input))
		if len(objects) != len(want) {
			t.Fatalf("%q: %+v", input, objects)
		}
		for i, d := range objects {
			if d.OK != (want[i] == "ok") || !d.OK && !strings.HasPrefix(d.Error, want[i]) || strings.Contains(d.Frame, "313131") {
				t.Errorf("%q: %+v, not %s", input, d, want[i])
			}
		}
	}
}

func TestACardNumberIsNotShown(t *testing.T) {
	for _, payload := range []string{
		"02000001990" + "1" + fmt.Sprintf("%-55s", testPAN) + "978          ",
		tag("CZ", "0300") + tag("AA", testPAN),
		tag("CZ", "0300") + tag("ZT", tag("AA", testPAN)),
		tag("CZ", "0300") + tag("XX", testPAN) + "A",
		"02000001990" + "1" + testPAN,
		tag("CZ", "0300") + tag("CF", testPAN) + tag("AC", testPAN) + tag("CB", testPAN) + tag("CE", testPAN) + tag("CD", testPAN) + tag("AF", "04"+testPAN),
	} {
		damaged := append([]byte("\x02"), payload...)
		damaged = append(damaged, 0x03, codec.Rules().Check([]byte(payload))^1)
		for _, input := range [][]byte{codec.Rules().Frame([]byte(payload)), []byte(payload), []byte("\x02" + payload), damaged} {
			text, err := json.Marshal(Decode(input))
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(text), fmt.Sprintf("%x", testPAN)) || strings.Contains(string(text), testPAN) {
				t.Errorf("%q: %s", payload, text)
			}
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("\x05\x020200001990110978          A010B010\x03\x05\x04"))
	f.Add([]byte("CZ0040300ZT008CK003100"))
	f.Fuzz(func(t *testing.T, input []byte) {
		for _, d := range Decode(input) {
			if d.OK == (d.Error != "") {
				t.Errorf("%+v", d)
			}
		}
		_ = understand(input)
	})
}
