package msr

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// testPAN is a well-known test number.
const testPAN = "4111111111111111"

func told(t *testing.T, input string) string {
	t.Helper()
	var words []string
	for _, d := range Decode([]byte(input)) {
		d.Frame = ""
		text, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		words = append(words, strings.NewReplacer(`"protocol":"msr",`, "", `,"direction":"device"`, "").Replace(string(text)))
	}
	return strings.Join(words, "\n")
}

func TestDecode(t *testing.T) {
	number := `{"entry":"stripe","last4":"1111","pan":"************1111","x_service_code":"201"}`
	for input, want := range map[string]string{
		";" + testPAN + "=9912201000?\r":            `{"ok":true,"name":"track2","fields":` + number + `}`,
		"%B" + testPAN + "^DOE/JANE ^9912201000?\r": `{"ok":true,"name":"track1","fields":` + number + `}`,
		"%B" + testPAN + "^DOE/JANE ^^201?":         `{"ok":true,"name":"track1","fields":` + number + `}`,
		";" + testPAN + "=9912?":                    `{"ok":true,"name":"track2","fields":{"entry":"stripe","last4":"1111","pan":"************1111"}}`,
		"%E?;" + testPAN + "=9912201?\r":            `{"ok":true,"name":"track1","fields":{"entry":"stripe","status":"read_error"}}` + "\n" + `{"ok":true,"name":"track2","fields":` + number + `}`,
		"%MEMBER 17?":                               `{"ok":true,"name":"track1","fields":{"entry":"stripe","text":"MEMBER 17"}}`,
		";0042=9912?<":                              `{"ok":true,"name":"track2","fields":{"entry":"stripe","last4":"0042","pan":"0042"}}`,
		";0042=9912?=":                              `{"ok":false,"error":"wrong check character","name":"track2"}`,
		";" + testPAN + "=9912":                     `{"ok":false,"error":"truncated: the track has no end sentinel","name":"track2"}`,
		";" + strings.Repeat("1", 50) + "?":         `{"ok":false,"error":"the track begins with no number","name":"track3"}`,
		";" + strings.Repeat("1", 106) + "?":        `{"ok":false,"error":"the track is longer than any","name":"track3"}`,
		"%B" + testPAN + "^DOE/JANE^9912201000?;" + testPAN + "=9912201000?\r;01" + testPAN + "=" + strings.Repeat("0", 70) + "?\r": `{"ok":true,"name":"track1","fields":` + number + `}` + "\n" +
			`{"ok":true,"name":"track2","fields":` + number + `}` + "\n" + `{"ok":true,"name":"track3","fields":{"entry":"stripe","last4":"1111","pan":"**************1111"}}`,
		";" + testPAN + "D9912201000F?": `{"ok":true,"name":"track2","fields":` + number + `}`,
		testPAN + "=9912201000":         `{"ok":true,"name":"track2","fields":` + number + `}`,
		testPAN + "d9912201000f\r":      `{"ok":true,"name":"track2","fields":` + number + `}`,
		";987687?;":                     `{"ok":true,"name":"track2","fields":{"entry":"stripe","last4":"7687","pan":"**7687"}}`,
		"%0/?%\r;987687?;;987687?": `{"ok":true,"name":"track1","fields":{"entry":"stripe","text":"0/"}}` + "\n" +
			`{"ok":true,"name":"track2","fields":{"entry":"stripe","last4":"7687","pan":"**7687"}}` + "\n" +
			`{"ok":true,"name":"track3","fields":{"entry":"stripe","last4":"7687","pan":"**7687"}}`,
		";987687?;9876?": `{"ok":true,"name":"track2","fields":{"entry":"stripe","last4":"7687","pan":"**7687"}}` + "\n" +
			`{"ok":true,"name":"track3","fields":{"entry":"stripe","last4":"9876","pan":"9876"}}`,
		"+0142=99?>": `{"ok":true,"name":"track3","fields":{"entry":"stripe","last4":"0142","pan":"0142"}}`,
		"%B" + testPAN + "^DOE/JANE^99122;987687?": `{"ok":false,"error":"truncated: the track has no end sentinel","name":"track1"}` + "\n" +
			`{"ok":true,"name":"track2","fields":{"entry":"stripe","last4":"7687","pan":"**7687"}}`,
		";" + testPAN + "=99+12?":             `{"ok":false,"error":"the track has characters that belong to none","name":"track2"}`,
		"%b" + testPAN + "^doe/jane^9912201?": `{"ok":false,"error":"the track has characters that belong to none","name":"track1"}`,
		"%A" + testPAN + "^DOE/JANE?":         `{"ok":true,"name":"track1","fields":{"entry":"stripe","text":"A*************************"}}`,
		";=9912?":                             `{"ok":false,"error":"the track begins with no number","name":"track2"}`,
		"abc":                                 `{"ok":false,"error":"3 characters that begin no track","protocol":"msr"}`,
	} {
		if got := told(t, input); got != want {
			t.Errorf("%q:\n%s\nnot\n%s", input, got, want)
		}
	}
}

// TestPacked decodes what a chip tells of a card, in hex as in the rules of the schemes.
func TestPacked(t *testing.T) {
	number := `"fields":{"last4":"1111","pan":"************1111","x_service_code":"201"}}`
	for input, want := range map[string]string{
		testPAN + "D9912201000F":                           `{"ok":true,"frame":"eeeeeeeeeeeeeeeedeeeeeeeeeef","name":"track2",` + number,
		"570E" + testPAN + "D9912201000F":                  `{"ok":true,"frame":"570eeeeeeeeeeeeeeeeedeeeeeeeeeef","name":"track2",` + number,
		"41111111EEEE1111D9912201":                         `{"ok":true,"frame":"eeeeeeeeeeeeeeeedeeeeeee","name":"track2",` + number,
		"5A08" + testPAN:                                   `{"ok":true,"frame":"5a08eeeeeeeeeeeeeeee","name":"pan","fields":{"last4":"1111","pan":"************1111"}}`,
		"5A816F" + testPAN:                                 `{"ok":false,"error":"truncated: the data object has no end","frame":"5a816feeeeeeeeeeeeeeee"}`,
		"57820010" + testPAN:                               `{"ok":false,"error":"truncated: the data object has no end","frame":"57820010eeeeeeeeeeeeeeee"}`,
		"5A0A4111111111111111111F" + "5F2003444F45":        `{"ok":true,"frame":"5a0aeeeeeeeeeeeeeeeeeeef","name":"pan","fields":{"last4":"1111","pan":"***************1111"}}` + "\n" + `{"ok":true,"frame":"5f20032a2a2a","name":"object","fields":{"x_tag":"5f20"}}`,
		"5A0A41111111111111111111":                         `{"ok":false,"error":"the track begins with no number","frame":"5a0aeeeeeeeeeeeeeeeeeeee","name":"pan"}`,
		"5714" + testPAN + "D0" + strings.Repeat("12", 11): `{"ok":false,"error":"the track is longer than any","frame":"5714` + strings.Repeat("e", 16) + "d" + strings.Repeat("e", 23) + `","name":"track2"}`,
	} {
		b, err := hex.DecodeString(input)
		if err != nil {
			t.Fatal(err)
		}
		var words []string
		for _, d := range Decode(b) {
			text, err := json.Marshal(d)
			if err != nil {
				t.Fatal(err)
			}
			words = append(words, strings.Replace(string(text), `"protocol":"msr",`, "", 1))
		}
		if got := strings.Join(words, "\n"); got != want {
			t.Errorf("%s:\n%s\nnot\n%s", input, got, want)
		}
	}
}

func TestACardNumberIsNotShown(t *testing.T) {
	for _, input := range []string{";" + testPAN + "=9912201000?", "%B" + testPAN + "^DOE/JANE^9912201?", testPAN, ";" + testPAN, "%" + testPAN + "?", "%B" + testPAN + "?x"} {
		text, err := json.Marshal(Decode([]byte(input)))
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{testPAN, fmt.Sprintf("%x", testPAN), "DOE", fmt.Sprintf("%x", "DOE"), "9912"} {
			if strings.Contains(string(text), secret) {
				t.Errorf("%s: %s", input, text)
			}
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("%B4111111111111111^DOE/JANE^9912201?;4111111111111111=9912?\r"))
	f.Add([]byte("+E?"))
	f.Add([]byte("\x57\x0c\x41\x11\x11\x11\x11\x11\x11\x11\xd3\x01\x22\x01\x5f\x20\x81"))
	f.Fuzz(func(t *testing.T, input []byte) {
		for _, d := range Decode(input) {
			if d.OK == (d.Error != "") {
				t.Errorf("%+v", d)
			}
		}
	})
}
