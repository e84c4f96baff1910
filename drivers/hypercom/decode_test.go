package hypercom

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/drivers/hypercom/codec"
	"github.com/tillproof/tillproof/drivers/stx"
)

// Well-known test numbers, and what must not be shown.
const (
	testPAN   = "4111111111111111"
	testTrack = ";4111111111111111=30121011234?"
	holder    = "SMITH/JOHN"
)

func frameOf(form codec.Form, m codec.Message) []byte { return form.Rules().Frame(form.Payload(m)) }

func answerOf(code, response string, fields ...codec.Field) codec.Message {
	return codec.Message{Direction: codec.Answer, Code: code, Response: response, Fields: fields}
}

// told is what a frame is put into, without what is the same for all.
func told(t *testing.T, frame []byte) string {
	t.Helper()
	objects := Decode(frame)
	if len(objects) != 1 {
		t.Fatalf("%x: %d objects", frame, len(objects))
	}
	objects[0].Frame = ""
	text, err := json.Marshal(objects[0])
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(strings.TrimPrefix(string(text), `{"ok":true,"protocol":"hypercom",`), "}")
}

func TestDecode(t *testing.T) {
	usual, other := codec.Usual(), ecuador().form
	for name, c := range map[string]struct {
		frame []byte
		want  string
	}{
		"a sale": {frameOf(usual, codec.Message{Direction: codec.Request, Code: "20", Fields: []codec.Field{codec.Text("40", codec.Amount(1990))}}),
			`"name":"payment","direction":"ecr","fields":{"amount":1990}`},
		"a sale in Ecuador": {frameOf(other, codec.Message{Direction: codec.Request, Code: "20", Fields: []codec.Field{codec.Text("40", codec.Amount(1990)), codec.Text("R1", "bill 17")}}),
			`"name":"payment","direction":"ecr","fields":{"amount":1990,"x_r1":"bill 17"}`},
		"an approval": {frameOf(usual, answerOf("20", "00", codec.Text("02", "APPROVED   "), codec.Text("66", "K7Q2M9A1B2C3D4E5F6G7"), codec.Text("01", "A1B2C3"), codec.Text("03", "261122"),
			codec.Text("04", "101530"), codec.Text("65", "000417"), codec.Text("64", "000042"), codec.Text("16", "61000017"), codec.Text("D1", "000000610000017"), codec.Text("D2", "VISA\x00\x00"),
			codec.Text("30", testPAN), codec.Text("31", "3012"), codec.Text("D5", holder), codec.Text("40", codec.Amount(1990)), codec.Text("E6", "07"), codec.Text("D3", "RHB"), codec.Text("06", "630000000042"),
			codec.Text("50", "000001"), codec.Text("D4", "VISA CREDIT"), codec.Text("19", ""))),
			`"name":"payment","direction":"device","fields":{"amount":1990,"auth_code":"A1B2C3","batch":"000001","brand":"VISA","card_name":"VISA CREDIT","date":"2026-11-22","entry":"contactless",` +
				`"last4":"1111","merchant_id":"000000610000017","pan":"************1111","receipt_no":"000417","reference":"630000000042","result":"00","result_text":"approved","terminal_id":"61000017",` +
				`"text":"APPROVED","ticket":"K7Q2M9A1B2C3D4E5F6G7","time":"10:15:30","trace":"000042","x_d3":"RHB","x_e6":"07"}`},
		"a list": {frameOf(usual, answerOf("50", "00", codec.Text("39", "00"), codec.Text("D3", "VISA"), codec.Text("80", codec.Total(16, 3, 5970)), codec.Text("D3", "AMEX"), codec.Text("80", codec.Total(16, 0, 0)))),
			`"name":"end_of_day","direction":"device","fields":{"lines":["x_d3=VISA x_80=0003000000005970","x_d3=AMEX x_80=0000000000000000"],"result":"00","result_text":"approved","status":"00"}`},
		"a ping":          {frameOf(usual, codec.Message{Direction: codec.Request, Code: "FF"}), `"name":"poll","direction":"ecr"`},
		"its answer":      {frameOf(usual, answerOf("FF", "CP")), `"name":"poll","direction":"device","fields":{"result":"CP"}`},
		"more follows":    {frameOf(usual, codec.Message{Direction: codec.Notice, Code: "61", More: true, Fields: []codec.Field{codec.Text("61", "PLEASE WAIT")}}), `"name":"show_text","direction":"ecr","fields":{"x_61":"PLEASE WAIT","x_more":"1"}`},
		"a wallet's kind": {frameOf(usual, answerOf("70", "00", codec.Text("A1", "03"))), `"name":"payment_qr","direction":"device","fields":{"result":"00","result_text":"approved","x_a1":"03"}`},
		"a wallet's parts": {frameOf(usual, answerOf("20", "00", codec.Text("99", "\xB9\x02\x0861000017\xB9\x04\x05payer\xB9\x06\x10"+testPAN+
			"\xB9\x07\x03MYR\xB9\x08\x0C000000001990\xB9\x11\x02\x15\x06\xEE\x01\x01x\xB9\x10\x63no"))),
			`"name":"payment","direction":"device","fields":{"currency":"MYR","result":"00","result_text":"approved","x_99_b902":"61000017","x_99_b906":"************1111","x_99_b908":"000000001990","x_99_b911":"1506"}`},
		"a frame's length in binary": {codec.Form{Frame: stx.Binary, Field: stx.Binary, Open: true}.Rules().Frame(other.Payload(answerOf("20", "00", codec.Text("64", "000042")))),
			`"name":"payment","direction":"device","fields":{"result":"00","result_text":"approved","trace":"000042"}`},
		"a card with blanks behind": {frameOf(usual, answerOf("20", "00", codec.Text("30", testPAN+"   "))), `"name":"payment","direction":"device","fields":{"last4":"1111","pan":"************1111","result":"00","result_text":"approved"}`},
		"bytes":                     {frameOf(usual, answerOf("20", "00", codec.Text("R2", "\x01\x02\xFF"))), `"name":"payment","direction":"device","fields":{"result":"00","result_text":"approved","x_r2":"0102ff"}`},
		"an unknown code":           {frameOf(usual, answerOf("7Z", "00")), `{"ok":false,"error":"unknown transaction \"7Z\"","protocol":"hypercom","direction":"device","fields":{"result":"00","result_text":"approved"}`},
		"no headers":                {usual.Rules().Frame([]byte("hello")), `{"ok":false,"error":"the message has no headers","protocol":"hypercom"`},
		"a field too long":          {usual.Rules().Frame([]byte("6000000000112000" + "0\x1C40\x00\x12000000001990\x1C65\x00\x99000417\x1C")), `{"ok":false,"error":"at byte 35: a field goes beyond the message","protocol":"hypercom","name":"payment","direction":"device","fields":{"amount":1990,"result":"00","result_text":"approved"}`},
		"an ACK":                    {[]byte{0x06}, `"name":"ack"`},
		"no length":                 {[]byte{0x02, 0x0A, 0x00, 0x06}, `{"ok":false,"error":"the length is no number","protocol":"hypercom"`},
		"cut":                       {frameOf(usual, answerOf("FF", "CP"))[:9], `{"ok":false,"error":"truncated: the frame has no end","protocol":"hypercom"`},
	} {
		if got := told(t, c.frame); got != c.want {
			t.Errorf("%s: %s\nnot %s", name, got, c.want)
		}
	}
}

// The worked example of the protocol's description, with its mask: a card's number has stars in the frame, too.
func TestDecodedFrames(t *testing.T) {
	frame := frameOf(codec.Usual(), answerOf("20", "00", codec.Text("30", testPAN), codec.Text("64", "000042")))
	want := strings.Replace(hex.EncodeToString(frame), hex.EncodeToString([]byte(testPAN)), strings.Repeat("2a", len(testPAN)), 1)
	if got := Decode(append([]byte{0x06}, frame...)); len(got) != 2 || got[0].Name != "ack" || got[1].Frame != want || !got[1].OK {
		t.Errorf("%+v\nnot %s", got, want)
	}
}

// Whatever field it stands in, and however the frame is cut or damaged, nobody is shown a card or who holds it.
func TestDecodeShowsNoCard(t *testing.T) {
	personal := []string{"31", "D5", "D6", "D7", "D8", "A2", "T1", "T2", "T3", "19", "29", "99", "AA"}
	for _, form := range []codec.Form{codec.Usual(), ecuador().form} {
		for _, code := range append(personal, "30", "02", "17", "18", "60", "61", "67", "D0", "D3", "D4", "D9", "R1", "ZZ", "64", "65", "16", "66") {
			frame := frameOf(form, answerOf("20", "00", codec.Text(code, testPAN), codec.Text("64", "000042")))
			for cut := range frame {
				noneOf(t, testPAN, Decode(frame[:cut]), Decode(frame[cut:]))
			}
			for at := range frame {
				frame[at] ^= 0x04
				noneOf(t, testPAN, Decode(frame))
				frame[at] ^= 0x04
			}
		}
		for _, code := range personal {
			for _, secret := range []string{holder, testTrack, "880101145678"} {
				frame := frameOf(form, answerOf("20", "00", codec.Text(code, secret), codec.Text("64", "000042")))
				noneOf(t, secret, Decode(frame))
				noneOf(t, secret[:9], Decode(frame[bytes.Index(frame, []byte(secret)):]))
				frame[len(frame)-1] ^= 1
				noneOf(t, secret, Decode(frame))
			}
		}
	}
	noneOf(t, "880101145678", Decode(frameOf(codec.Usual(), answerOf("13", "00", codec.Text("A1", "880101145678")))))
}

func noneOf(t *testing.T, secret string, lists ...any) {
	t.Helper()
	for _, list := range lists {
		text := fmt.Sprintf("%+v", list)
		if strings.Contains(text, secret) || strings.Contains(text, hex.EncodeToString([]byte(secret))) {
			t.Fatalf("%q in %s", secret, text)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(frameOf(codec.Usual(), answerOf("20", "00", codec.Text("30", testPAN), codec.Text("40", codec.Amount(1990)))))
	f.Add(frameOf(ecuador().form, answerOf("50", "00", codec.Text("D3", "A"), codec.Text("D3", "B"))))
	f.Add([]byte("\x02\x00\x186000000000112000" + "0\x1C\x03\x00"))
	f.Add([]byte("\x06\x15\x02\x0A\x00\x02\x02\x00"))
	f.Fuzz(func(t *testing.T, input []byte) {
		bytes := 0
		for _, d := range Decode(input) {
			bytes += len(d.Frame) / 2
			if d.Protocol != "hypercom" || d.OK == (d.Error != "") {
				t.Errorf("%+v", d)
			}
		}
		if bytes > len(input) {
			t.Errorf("%d bytes out of %d", bytes, len(input))
		}
		_, _ = json.Marshal(Decode(input))
	})
}
