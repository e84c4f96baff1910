package msr

import (
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
		";" + strings.Repeat("1", 50) + "?":         `{"ok":false,"error":"the track is longer than any","name":"track2"}`,
		";=9912?":                                   `{"ok":false,"error":"the track begins with no number","name":"track2"}`,
		"abc":                                       `{"ok":false,"error":"3 characters that begin no track","protocol":"msr"}`,
	} {
		if got := told(t, input); got != want {
			t.Errorf("%q:\n%s\nnot\n%s", input, got, want)
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
	f.Fuzz(func(t *testing.T, input []byte) {
		for _, d := range Decode(input) {
			if d.OK == (d.Error != "") {
				t.Errorf("%+v", d)
			}
		}
	})
}
