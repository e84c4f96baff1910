package ecr17

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/drivers/ecr17/codec"
	"github.com/tillproof/tillproof/drivers/stx"
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
	return strings.TrimSuffix(strings.TrimPrefix(string(text), `{"ok":true,"protocol":"ecr17",`), "}")
}

// layout puts texts at their positions, counted from 1, with fill between them.
func layout(length int, fill string, at map[int]string) string {
	b := []byte(strings.Repeat(fill, length))
	for from, text := range at {
		copy(b[from-1:], text)
	}
	return string(b)
}

func TestDecode(t *testing.T) {
	paid := layout(92, "0", map[int]string{1: "12345678", 10: "E", 11: "00", 13: "000" + testPAN, 32: "ICC", 35: "123456", 41: "0600930", 48: "2", 49: "00000000001", 60: "000042",
		66: "000777", 72: "000", 75: "00001990"})
	for payload, want := range map[string]string{
		"000000000s":             `"name":"status_enquiry","direction":"ecr","fields":{"terminal_id":"00000000"}`,
		"000000000G000000010000": `"name":"repeat_receipt","direction":"ecr","fields":{"register":"00000001","terminal_id":"00000000"}`,
		layout(167, "0", map[int]string{10: "P", 11: "00000007", 24: "00001990", 32: fmt.Sprintf("%128s", "order 17")}): `"name":"payment","direction":"ecr","fields":` +
			`{"amount":1990,"register":"00000007","terminal_id":"00000000","text":"order 17","x_kind":"0"}`,
		paid: `"name":"result","direction":"device","fields":{"amount":1990,"auth_code":"123456","date":"--03-01","entry":"chip","last4":"1111","pan":"************1111",` +
			`"result":"00","result_text":"approved","stan":"000042","terminal_id":"12345678","time":"09:30:00","x_acquirer":"00000000001","x_action_code":"000","x_card_type":"2","x_online_id":"000777"}`,
		layout(71, "0", map[int]string{10: "E", 11: "01", 13: fmt.Sprintf("%-24s", "TRANSAZIONE NEGATA"), 48: "1", 49: "00000000001", 60: "000043", 66: "000778"}): `"name":"result","direction":"device","fields":` +
			`{"result":"01","result_text":"refused","stan":"000043","terminal_id":"00000000","text":"TRANSAZIONE NEGATA","x_acquirer":"00000000001","x_card_type":"1","x_online_id":"000778"}`,
		layout(26, "0", map[int]string{10: "S", 11: "00000001", 19: "000042"}): `"name":"reversal","direction":"ecr","fields":{"register":"00000001","stan":"000042","terminal_id":"00000000"}`,
		"000000000S\x7FNEGOZIO\x7DVia Roma 1\x7D\x7D\x1B":                      `"name":"print_block","direction":"device","fields":{"lines":["NEGOZIO","Via Roma 1",""],"terminal_id":"00000000"}`,
		layout(28, "0", map[int]string{10: "T", 13: "0000000000051000"}):       `"name":"totals","direction":"device","fields":{"amount":51000,"result":"00","result_text":"approved","terminal_id":"00000000"}`,
		layout(34, "0", map[int]string{10: "s", 21: "2211261830", 31: "2", 32: "1.0"}): `"name":"status_enquiry","direction":"device","fields":{"date":"2026-11-22","status":"2","terminal_id":"00000000","text":"ready",` +
			`"time":"18:30:00","x_version":"1.0"}`,
		layout(84, "0", map[int]string{10: "E", 11: "00", 13: "000************1111", 32: "ICC", 41: "3662359", 48: "2", 60: "000044"}): `"name":"result","direction":"device","fields":` +
			`{"auth_code":"000000","date":"--12-31","entry":"chip","last4":"1111","pan":"************1111","result":"00","result_text":"approved","stan":"000044","terminal_id":"00000000",` +
			`"time":"23:59:00","x_acquirer":"00000000000","x_action_code":"000","x_card_type":"2","x_online_id":"000000"}`,
		layout(71, "0", map[int]string{10: "E", 11: "01", 13: fmt.Sprintf("%-24s", "CARTA NON VALIDA"), 37: "910", 48: "1"}): `"name":"result","direction":"device","fields":` +
			`{"result":"01","result_text":"refused","stan":"000000","terminal_id":"00000000","text":"CARTA NON VALIDA","x_acquirer":"00000000000","x_action_code":"910","x_card_type":"1","x_online_id":"000000"}`,
		layout(34, "0", map[int]string{10: "T", 11: "01"}):                  `"name":"totals","direction":"device","fields":{"result":"01","result_text":"refused","terminal_id":"00000000"}`,
		"000000000K00000002000000041</p>":                                   `"name":"vas","direction":"device","fields":{"terminal_id":"00000000","text":"1\u003c/p\u003e","x_more":"0","x_part":"002"}`,
		"000000000S   IN THE MIDDLE\x7D" + strings.Repeat("A", 30) + "\x1B": `"name":"print_block","direction":"device","fields":{"lines":["   IN THE MIDDLE","` + strings.Repeat("A", 24) + `","AAAAAA"],"terminal_id":"00000000"}`,
		"00000000": `{"ok":false,"error":"the message has no header","protocol":"ecr17"`,
	} {
		if got := told(t, payload); got != want {
			t.Errorf("%q:\n%s\nnot\n%s", payload, got, want)
		}
	}
}

func TestACardNumberIsNotShown(t *testing.T) {
	for _, payload := range []string{
		layout(71, "0", map[int]string{10: "E", 11: "00", 13: "000" + testPAN, 32: "MAG"}),
		layout(106, "0", map[int]string{10: "e", 11: "00", 13: "000" + testPAN, 32: "CLI"}),
		layout(75, "0", map[int]string{10: "i", 11: "00", 13: "000" + testPAN}),
		"000000000SCARTA " + testPAN + "\x7D",
		layout(71, "0", map[int]string{10: "E", 11: "01", 13: fmt.Sprintf("%-24s", "NO "+testPAN)}),
		layout(167, "0", map[int]string{10: "X", 32: fmt.Sprintf("%128s", testPAN)}),
		layout(34, "0", map[int]string{10: "C", 11: "01", 13: testPAN + "   "}),
		"000000000K00000001000000041<p>" + testPAN,
		"00000000" + testPAN,
	} {
		text, err := json.Marshal(Decode(codec.Rules().Frame([]byte(payload))))
		if err != nil {
			t.Fatal(err)
		}
		if hex := fmt.Sprintf("%x", testPAN); strings.Contains(string(text), hex) || strings.Contains(string(text), testPAN) {
			t.Errorf("%s", text)
		}
	}
	if text, err := json.Marshal(Decode([]byte("\x01CARD" + testPAN + "\x04"))); err != nil || strings.Contains(string(text), testPAN[:12]) ||
		strings.Contains(string(text), fmt.Sprintf("%x", testPAN[:12])) {
		t.Errorf("%s %v", text, err)
	}
	damaged := append(codec.Rules().Frame([]byte(layout(71, " ", map[int]string{1: "000000000E00", 13: "000" + testPAN}))), 0x99)
	damaged[len(damaged)-2] ^= 1
	text, err := json.Marshal(Decode(damaged))
	if err != nil || strings.Contains(string(text), fmt.Sprintf("%x", testPAN)) {
		t.Errorf("%s %v", text, err)
	}
}

func TestDecodeNamesAnUnusualScope(t *testing.T) {
	rules := codec.Rules()
	rules.Scope = stx.PayloadOnly
	objects := Decode(append(rules.Frame([]byte("000000000s")), rules.Control(stx.ACK)...))
	if len(objects) != 2 || objects[0].Fields["x_lrc_scope"] != "payload" || objects[1].Name != "ack" {
		t.Errorf("%+v", objects)
	}
}

// A bad frame is one object, and only what the input has cut is truncated.
func TestDecodeNamesWhatIsBad(t *testing.T) {
	for input, want := range map[string]string{
		"\x06\x03\x7B\x06\x03\x7A":         "wrong check byte|",
		"\x06\xFF\x15\x03\x69":             "1 bytes that begin no frame|1 bytes that begin no frame|",
		"\x06\x03":                         "truncated: the frame has no end",
		"\x15":                             "truncated: the frame has no end",
		"\x01ATTENDERE\x04\x06\x03\x7A":    "04 behind a text of progress of another length|",
		"\x01ATTENDERE":                    "truncated: the frame has no end",
		"\x01ATTENDERE\x02000000000s\x03?": "10 bytes that begin no frame|",
	} {
		var errs []string
		for _, d := range Decode([]byte(input)) {
			errs = append(errs, d.Error)
		}
		if got := strings.Join(errs, "|"); got != want {
			t.Errorf("%x: %s, not %s", input, got, want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("\x02000000000s\x03\x3F"))
	f.Add([]byte("\x01ATTENDERE PREGO     \x04\x15\x03\x69"))
	f.Fuzz(func(t *testing.T, input []byte) {
		for _, d := range Decode(input) {
			if d.OK == (d.Error != "") {
				t.Errorf("%+v", d)
			}
		}
		_ = understand(input)
	})
}
