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
			`"x_answer":"1","x_authorisation":"B010","x_delay":"A010","x_means":"1"}`,
		"0200001990012978order-17  A010B010": `"name":"reversal","direction":"ecr","fields":{"amount":1990,"card_name":"card","currency":"EUR","reference":"order-17","register":"02",` +
			`"x_answer":"0","x_authorisation":"B010","x_delay":"A010","x_means":"1"}`,
		"020000019901978          ": `"name":"result","direction":"device","fields":{"amount":1990,"card_name":"card","currency":"EUR","register":"02","result":"0","result_text":"done","x_means":"1"}`,
		"02700001990" + "1" + fmt.Sprintf("%-55s", testPAN+" 1299") + "978order-17  ": `"name":"result","direction":"device","fields":{"amount":1990,"card_name":"card","currency":"EUR","reference":"order-17",` +
			`"register":"02","result":"7","result_text":"refused","x_means":"1"}`,
		"CZ0040300CJ012000000000042CA00203CE003978BA0010CD0010CB0041990": `"name":"payment","direction":"ecr","fields":{"amount":1990,"currency":"EUR","register":"03","x_ba":"0","x_cj":"000000000042","x_version":"0300"}`,
		tag("CZ", "0300") + tag("CD", "0") + tag("AE", "01") + tag("AF", "11"): `"name":"payment","direction":"device","fields":{"result":"01","result_text":"not done","status":"11",` +
			`"text":"abandoned by the operator","x_version":"0300"}`,
		tag("CZ", "0300") + tag("AE", "10") + tag("CB", "0000001990") + tag("AA", testPAN) + tag("AC", "123456") + tag("ZT", tag("CK", "100")+tag("AK", base64.StdEncoding.EncodeToString([]byte("TICKET\n4111111111111111\n")))): `"name":"message",` +
			`"direction":"device","fields":{"amount":1990,"auth_code":"123456","last4":"1111","lines":["TICKET","************1111"],"pan":"************1111","result":"10","result_text":"done","x_ck":"100","x_version":"0300"}`,
		"CZ0040300CB0": `{"ok":false,"error":"truncated: 3 characters are no tag","protocol":"concert","name":"message","direction":"ecr","fields":{"x_version":"0300"}`,
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
	if tcp := Decode([]byte("CZ0040300CD0010CB0041990")); len(tcp) != 1 || !tcp[0].OK || tcp[0].Fields["amount"] != uint64(1990) {
		t.Errorf("%+v", tcp)
	}
}

func TestACardNumberIsNotShown(t *testing.T) {
	for _, payload := range []string{
		"02000001990" + "1" + fmt.Sprintf("%-55s", testPAN) + "978          ",
		tag("CZ", "0300") + tag("AA", testPAN),
		tag("CZ", "0300") + tag("ZT", tag("AA", testPAN)),
		tag("CZ", "0300") + tag("XX", testPAN) + "A",
		"02000001990" + "1" + testPAN,
	} {
		for _, input := range [][]byte{codec.Rules().Frame([]byte(payload)), []byte(payload), []byte("\x02" + payload)} {
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
