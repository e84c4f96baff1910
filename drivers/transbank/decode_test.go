package transbank

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/drivers/stx"
	"github.com/tillproof/tillproof/drivers/transbank/codec"
)

// inWords is what decode says of a payload, without its frame.
func inWords(t *testing.T, payload string) string {
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
	return strings.TrimSuffix(strings.TrimPrefix(string(text), `{"ok":true,"protocol":"transbank",`), "}")
}

// TestDecodeWantsTheRightCheck and no other: 02 is never part of it, 03 always.
func TestDecodeWantsTheRightCheck(t *testing.T) {
	for _, payload := range []string{"0200|4990|K7Q2M9|||1|", "0100"} {
		for wrong := 1; wrong < 256; wrong++ {
			damaged := codec.Rules().Frame([]byte(payload))
			damaged[len(damaged)-1] ^= byte(wrong)
			if objects := Decode(append(damaged, stx.ACK)); len(objects) != 2 || objects[0].OK || objects[0].Error != stx.ErrCheck.Error() || objects[1].Name != "ack" {
				t.Errorf("%s, %02x: %+v", payload, damaged[len(damaged)-2], objects)
			}
		}
	}
}

// TestDecodeShowsNoCard: whichever field a terminal puts a card's number in.
func TestDecodeShowsNoCard(t *testing.T) {
	const pan = "4111111111111111"
	for n := range 22 {
		m := strings.Split("0210|00|597020000541|80000001|K7Q2M9|123456|4990|||1111|321|CR||||22112026|101112|||||", "|")
		m[n] = pan
		for _, o := range Decode(codec.Rules().Frame([]byte(strings.Join(m, "|")))) {
			text, err := json.Marshal(o)
			if err != nil || strings.Contains(string(text), pan[:12]) || strings.Contains(string(text), hex.EncodeToString([]byte(pan[:12]))) {
				t.Errorf("field %d: %s, %v", n, text, err)
			}
		}
	}
}

// slip is a voucher as the terminal sends it, forty characters a line.
var slip = fmt.Sprintf("%-40s%-40s", "COMPROBANTE DE VENTA", "  TOTAL $ 4990")

func TestDecode(t *testing.T) {
	for payload, want := range map[string]string{
		"0100":                    `"name":"poll","direction":"ecr","fields":{}`,
		"0200|4990|K7Q2M9|||1|":   `"name":"payment","direction":"ecr","fields":{"amount":4990,"currency":"CLP","status":"1","ticket":"K7Q2M9"}`,
		"0200|4990|K7Q2M9|1|0":    `"name":"payment","direction":"ecr","fields":{"amount":4990,"currency":"CLP","status":"0","ticket":"K7Q2M9","x_voucher":"1"}`,
		"0250|1":                  `"name":"repeat_receipt","direction":"ecr","fields":{"x_voucher":"1"}`,
		"0500|1":                  `"name":"end_of_day","direction":"ecr","fields":{"x_voucher":"1"}`,
		"0080":                    `"name":"diagnosis","direction":"ecr","fields":{}`,
		"0080|00|22112026|183005": `"name":"diagnosis","direction":"device","fields":{"date":"2026-11-22","result":"00","result_text":"approved","time":"18:30:05"}`,
		"0210|00|597020000541|80000001|K7Q2M9|123456|4990|************6623|77|CR|||VI|22112026|183005|" + slip + "|N|3|1663|GLOSA": `"name":"payment","direction":"device","fields":` +
			`{"amount":4990,"auth_code":"123456","brand":"Visa","currency":"CLP","date":"2026-11-22","last4":"6623","lines":["COMPROBANTE DE VENTA","  TOTAL $ 4990"],` +
			`"merchant_id":"597020000541","operation_no":"77","result":"00","result_text":"approved","terminal_id":"80000001","ticket":"K7Q2M9","time":"18:30:05",` +
			`"x_card_type":"CR","x_comment":"GLOSA","x_instalment_amount":1663,"x_instalment_type":"N","x_instalments":3}`,
		"0281|00|597020000541|80000001|K7Q2M9|123456|4990|||6623|77|CR|||VI|||||" + slip + "|0|597020000999": `"name":"repeat_receipt_multicode","direction":"device","fields":` +
			`{"amount":4990,"auth_code":"123456","brand":"Visa","currency":"CLP","last4":"6623","lines":["COMPROBANTE DE VENTA","  TOTAL $ 4990"],"merchant_id":"597020000541",` +
			`"operation_no":"77","result":"00","result_text":"approved","terminal_id":"80000001","ticket":"K7Q2M9","x_card_type":"CR","x_change":0,"x_sub_merchant":"597020000999"}`,
		"0200000|": `{"ok":false,"error":"unknown command \"0200000\"","protocol":"transbank"`,
		"0270|000004990|K7Q2M9|| |1|597020000541|": `"name":"payment_multicode","direction":"ecr","fields":{"amount":4990,"currency":"CLP","merchant_id":"597020000541","status":"1","ticket":"K7Q2M9"}`,
		"1200|000321|":                  `"name":"reversal","direction":"ecr","fields":{"operation_no":"000321"}`,
		"0260|1|":                       `"name":"detail","direction":"ecr","fields":{"x_print":"1"}`,
		"0260|11":                       `"name":"repeat_receipt","direction":"device","fields":{"result":"11","result_text":"no sale"}`,
		"0900|79":                       `"name":"intermediate_status","direction":"device","fields":{"status":"79","text":"the amount is to be confirmed"}`,
		"0210|07|597020000541|80000001": `"name":"payment","direction":"device","fields":{"merchant_id":"597020000541","result":"07","result_text":"cancelled at the terminal","terminal_id":"80000001"}`,
		"0210|00|597020000541|80000001|K7Q2M9|123456|4990|0|0|6623|000077|DB|22112026|1234567|VI|22112026|183005|12|100|||": `"name":"payment","direction":"device","fields":` +
			`{"amount":4990,"auth_code":"123456","brand":"Visa","currency":"CLP","date":"2026-11-22","last4":"6623","merchant_id":"597020000541","operation_no":"000077","result":"00","result_text":"approved",` +
			`"terminal_id":"80000001","ticket":"K7Q2M9","time":"18:30:05","tip":100,"x_accounting_date":"22112026","x_card_type":"DB","x_employee":"12","x_instalment_amount":0,"x_instalments":0}`,
		"0261|00|597020000541|80000001|K7Q2M9|123456|4990|6623|000077|CR|||MC|22112026|183005||||2|5|597020000999": `"name":"detail","direction":"device","fields":` +
			`{"amount":4990,"auth_code":"123456","brand":"Mastercard","currency":"CLP","date":"2026-11-22","last4":"6623","merchant_id":"597020000541","operation_no":"000077","result":"00","result_text":"approved",` +
			`"terminal_id":"80000001","ticket":"K7Q2M9","time":"18:30:05","x_card_type":"CR","x_change":5,"x_instalments":2,"x_sub_merchant":"597020000999"}`,
		"0710|00|0012|000123400":              `"name":"totals","direction":"device","fields":{"amount":123400,"count":12,"currency":"CLP","result":"00","result_text":"approved"}`,
		"0510|00|597020000541|80000001|":      `"name":"end_of_day","direction":"device","fields":{"merchant_id":"597020000541","result":"00","result_text":"approved","terminal_id":"80000001"}`,
		"1210|04|597020000541|80000001||321|": `"name":"reversal","direction":"device","fields":{"merchant_id":"597020000541","operation_no":"321","result":"04","result_text":"voided already","terminal_id":"80000001"}`,
	} {
		if got := inWords(t, payload); got != want {
			t.Errorf("%s:\n%s\nnot\n%s", payload, got, want)
		}
	}
}

// TestAnAccountNumberIsNotShown, wherever its layout puts it, of a frame that is whole, damaged or cut.
func TestAnAccountNumberIsNotShown(t *testing.T) {
	const account = "00123454321"
	for _, payload := range []string{
		"0210|00|597020000541|80000001|K7Q2M9|123456|4990|0|0|6623|77|DB|221126|" + account + "|DB|22112026|183005",
		"0210|00|597020000541|80000001|K7Q2M9|123456|4990|6623|77|DB|221126|" + account + "|DB|22112026|183005|SLIP",
		"0261|00|597020000541|80000001|K7Q2M9|123456|4990|6623|77|DB|221126|" + account + "|DB|22112026|183005|",
	} {
		whole := codec.Rules().Frame([]byte(payload))
		wrong := bytes.Clone(whole)
		wrong[len(wrong)-1] ^= 0x40
		behind := bytes.Index(whole, []byte(account)) + len(account)
		for _, said := range [][]byte{whole, wrong, whole[:behind+5], whole[:behind]} {
			text, err := json.Marshal(Decode(said))
			if err != nil || !strings.Contains(string(text), "367c"+strings.Repeat("2a", len(account))) || strings.Contains(string(text), account) {
				t.Errorf("%s, %v", text, err)
			}
		}
	}
}

func TestWhatIsLeftOverIsTruncated(t *testing.T) {
	objects := Decode([]byte("\x06\x020210|00|597020000541"))
	if len(objects) != 2 || objects[0].Name != "ack" || objects[1].OK || !strings.HasPrefix(objects[1].Error, "truncated") {
		t.Errorf("%+v", objects)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("\x020900|79\x03\x78"))
	f.Add([]byte("\x020261|00||||||||||||||||||\x03\x00"))
	f.Fuzz(func(t *testing.T, input []byte) {
		for _, d := range Decode(input) {
			if d.OK == (d.Error != "") {
				t.Errorf("%+v", d)
			}
		}
		_ = understand(input)
	})
}
