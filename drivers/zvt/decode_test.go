package zvt

import (
	"encoding/hex"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/zvt/codec"
)

// jsonOf writes objects as `tillproof decode` does, one a line.
func jsonOf(t *testing.T, objects []drivers.Decoded) string {
	t.Helper()
	var lines []string
	for _, d := range objects {
		b, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, string(b))
	}
	return strings.Join(lines, "\n")
}

// TestDecodeObjects pins whole objects.
func TestDecodeObjects(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{
			"sale, serial", "10 02 06 01 0A 04 00 00 00 00 10 10 23 49 09 78 10 03 7A 1D",
			`{"ok":true,"protocol":"zvt","frame":"100206010a040000000010102349097810037a1d","name":"payment","direction":"ecr","class":"06","instr":"01",` +
				`"transport":"serial","fields":{"amount":1023,"currency":"EUR"}}`,
		},
		{
			"registration shows no password", "06 00 10 12 34 56 BE 09 78 03 01 06 06 26 04 0A 02 06 D3",
			`{"ok":true,"protocol":"zvt","frame":"060010123456be09780301060626040a0206d3","name":"registration","direction":"ecr","class":"06","instr":"00",` +
				`"transport":"tcp","fields":{"currency":"EUR","x_bmp_03":"01","x_config":"be","x_tlv_0a":"06d3"}}`,
		},
		{
			"open reservations", "10 02 06 1E 14 B8 87 00 03 06 0E 23 0C 08 02 00 03 08 02 00 04 08 02 00 10 10 10 03 C8 EC",
			`{"ok":true,"protocol":"zvt","frame":"1002061e14b8870003060e230c080200030802000408020010101003c8ec","name":"failed","direction":"device",` +
				`"class":"06","instr":"1e","transport":"serial","fields":{"receipt_no":"0003","result":"b8",` +
				`"result_text":"reservation error: it is not open, or open ones are in the way","x_tlv_08":"0003 0004 0010"}}`,
		},
		{
			"question for open reservations", "06 23 03 87 FF FF", `{"ok":true,"protocol":"zvt","frame":"06230387ffff","name":"partial_reversal",` +
				`"direction":"ecr","class":"06","instr":"23","transport":"tcp","fields":{"x_bmp_87":"ffff"}}`,
		},
		{
			"no open reservations", "06 1E 04 B8 87 FF FF", `{"ok":true,"protocol":"zvt","frame":"061e04b887ffff","name":"failed","direction":"device",` +
				`"class":"06","instr":"1e","transport":"tcp","fields":{"result":"b8",` +
				`"result_text":"reservation error: it is not open, or open ones are in the way","x_bmp_87":"ffff"}}`,
		},
		{
			"booking with a message id", "06 24 15 87 00 24 04 00 00 00 00 07 50 49 09 78 06 06 1F 73 03 00 00 10",
			`{"ok":true,"protocol":"zvt","frame":"062415870024040000000007504909780606` + `1f7303000010","name":"book_total","direction":"ecr","class":"06",` +
				`"instr":"24","transport":"tcp","fields":{"amount":750,"currency":"EUR","receipt_no":"0024","x_tlv_1f73":"000010"}}`,
		},
		{
			"release", "06 25 0D 87 00 24 04 00 00 00 00 10 23 49 09 78", `{"ok":true,"protocol":"zvt","frame":"06250d87002404000000001023490978",` +
				`"name":"reservation_reversal","direction":"ecr","class":"06","instr":"25","transport":"tcp",` +
				`"fields":{"amount":1023,"currency":"EUR","receipt_no":"0024"}}`,
		},
		{
			"release of another terminal's reservation", "06 26 07 06 05 1F 06 02 00 02", `{"ok":true,"protocol":"zvt","frame":"06260706051f06020002",` +
				`"name":"external_reservation_reversal","direction":"ecr","class":"06","instr":"26","transport":"tcp","fields":{"x_tlv_1f06":"0002"}}`,
		},
		{"control bytes", "06 15", `{"ok":true,"protocol":"zvt","frame":"06","name":"ack","transport":"serial"}` + "\n" +
			`{"ok":true,"protocol":"zvt","frame":"15","name":"nak","transport":"serial"}`},
		{"refused", "84 9C 00", `{"ok":true,"protocol":"zvt","frame":"849c00","name":"refused","class":"84","instr":"9c","transport":"tcp",` +
			`"fields":{"result":"9c","result_text":"terminal is busy"}}`},
		{"cut off", "10 02 80", `{"ok":false,"error":"truncated: the frame has no end","protocol":"zvt","frame":"100280","transport":"serial"}`},
		{"cut off APDU", "04 0F 05 27", `{"ok":false,"error":"truncated: the APDU is longer than the input","protocol":"zvt","frame":"040f0527",` +
			`"name":"status_information","direction":"device","class":"04","instr":"0f","transport":"tcp"}`},
		{"lone 10", "10", `{"ok":false,"error":"truncated: a frame begins with 10 02","protocol":"zvt","frame":"10"}`},
	} {
		if got := jsonOf(t, Decode(plain(c.in))); got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", c.name, got, c.want)
		}
	}
}

// TestDecodeSequences names what stands in longer inputs.
func TestDecodeSequences(t *testing.T) {
	const reply, reply2 = "10 02 80 00 00 10 03 F5 1F ", "80 00 00 "
	for _, c := range []struct{ in, want string }{
		{"06 " + reply + "06 15", "ack accepted ack nak"},
		{reply + "06 10 02 06 0F 00 10 03 C6 33", "accepted ack completion"},
		{reply2 + "06 0F 00 " + reply2 + "06", "accepted completion accepted ack"},
		{"06 06", "ack ack"},
		{"06 DD 00", "dial_up"},
		{"06 DF 00", "-"},
		{"08 40 01 00", "change_baud"},
		{"10 02 80 00 00 10 03 F5 1E " + reply, "!wrong accepted"},
		{"10 02 80 " + reply, "!begun accepted"},
		{"10 02 80 10 41 10 03 00 00 " + reply, "!bad accepted"},
		{"10 02 80 00 05 10 03 4D 61 " + reply2, "!length accepted"},
		{"41 42 43 " + reply, "!3 accepted"},
		{"41 42 06 " + reply, "!2 ack accepted"},
		{"41 42 " + reply2, "!2 accepted"},
		{reply + "10 02 06", "accepted !truncated"},
		{reply2 + "84", "accepted !truncated"},
		{reply2 + "04", "accepted !truncated"},
		{"04 0D 05 27", "!truncated"},
		{"06 0C 03 87 00", "!truncated"},
		{"06 0C 03 87 00 12 " + reply2, "book_tip accepted"},
		{"", ""},
	} {
		var got []string
		for _, d := range Decode(plain(c.in)) {
			got = append(got, short(d))
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%s: %s, want %s", c.in, s, c.want)
		}
	}
}

// short is the name of an object, the first word of its error after !, or - when it has neither.
func short(d drivers.Decoded) string {
	switch {
	case !d.OK:
		word, _, _ := strings.Cut(d.Error, " ")
		return "!" + strings.Trim(word, ":")
	case d.Name == "":
		return "-"
	}
	return d.Name
}

func TestDecodeFields(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     map[string]any
	}{
		{"abort", "06 B0 00", nil},
		{"status with version", "06 0F 08 F0 F0 F2 31 2E 9C 06 00", map[string]any{"status": "9c", "text": "terminal is busy", "x_version": "1."}},
		{"status with a longer version", "06 0F 06 F0 F0 F2 31 32 00", map[string]any{"status": "00", "text": "ready", "x_version": "12"}},
		{"status with an empty version", "06 0F 04 F0 F0 F0 9C", map[string]any{"status": "9c", "text": "terminal is busy"}},
		{"status with a container that reads as fields", "06 0F 06 E0 06 03 12 01 20", map[string]any{
			"status": "e0", "text": "remote maintenance running", "x_tlv_12": "20",
		}},
		{"end of registration", "06 0F 0A 19 01 29 12 34 56 78 49 09 78", map[string]any{"status": "01", "terminal_id": "12345678", "currency": "EUR"}},
		{"failure with currency", "06 1E 03 6F 07 56", map[string]any{"result": "6f", "result_text": "wrong currency", "currency": "CHF"}},
		{"failure with tagged currency", "06 1E 04 6F 49 07 56", map[string]any{"result": "6f", "result_text": "wrong currency", "currency": "CHF"}},
		{"failure with currency and more", "06 1E 09 6F 07 56 06 04 1F 17 01 41", map[string]any{
			"result": "6f", "result_text": "wrong currency", "currency": "CHF", "x_tlv_1f17": "41",
		}},
		{"failure with an empty container", "06 1E 03 6C 06 00", map[string]any{"result": "6c", "result_text": "aborted by key or timeout"}},
		{"wrong currency with an empty container", "06 1E 03 6F 06 00", map[string]any{"result": "6f", "result_text": "wrong currency"}},
		{"registration in a wrong currency that is not told", "84 1E 01 6F", map[string]any{"result": "6f", "result_text": "wrong currency"}},
		{"registration in a wrong currency, tagged", "84 1E 04 6F 49 07 56", map[string]any{"result": "6f", "result_text": "wrong currency", "currency": "CHF"}},
		{"registration in a wrong currency", "84 1E 03 6F 07 56", map[string]any{"result": "6f", "result_text": "wrong currency", "currency": "CHF"}},
		{"partial issue", "84 9D 07 04 00 00 00 00 01 00", map[string]any{"result": "9d", "result_text": "goods issued in part", "amount": 100}},
		{"progress", "04 FF 01 0A", map[string]any{"status": "0a", "text": "insert card"}},
		{"progress with text", "04 FF 0A 0A 03 06 06 24 04 07 02 48 69", map[string]any{"status": "0a", "text": "Hi", "x_t4": "03", "lines": []any{"Hi"}}},
		{"progress with text and no T4", "04 FF 09 0A 06 06 24 04 07 02 48 69", map[string]any{"status": "0a", "text": "Hi", "lines": []any{"Hi"}}},
		{"progress with a message id and no T4", "04 FF 09 0A 06 06 1F 73 03 00 00 10", map[string]any{"status": "0a", "text": "insert card", "x_tlv_1f73": "000010"}},
		{"progress with a T4 of six minutes", "04 FF 02 0A 06", map[string]any{"status": "0a", "text": "insert card", "x_t4": "06"}},
		{"progress with a T4 of six minutes and text", "04 FF 0A 0A 06 06 06 24 04 07 02 48 69", map[string]any{"status": "0a", "text": "Hi", "x_t4": "06", "lines": []any{"Hi"}}},
		{"line", "06 D1 04 40 47 81 65", map[string]any{"text": "Güe", "x_attribute": "40"}},
		{"block in its own charset", "06 D3 0E 06 0C 14 01 FE 25 07 07 05 47 C3 BC 74 65", map[string]any{"lines": []any{"Güte"}, "x_tlv_14": "fe"}},
		{"block", "06 D3 11 06 0F 1F 07 01 02 25 09 07 02 48 69 09 01 FF 07 00", map[string]any{"lines": []any{"Hi", ""}, "x_tlv_1f07": "02", "x_tlv_09": "ff"}},
		{"display", "06 E0 08 F0 05 F1 F0 F3 41 42 43", map[string]any{"lines": []any{"ABC"}, "x_bmp_f0": "05"}},
		{"clock", "04 01 08 AA 26 11 22 0C 10 11 12", map[string]any{"date": "2026-11-22", "time": "10:11:12"}},
		{"reprint", "06 12 07 00 00 00 00 12 00 15", map[string]any{"receipt_no": "0012", "x_receipt_to": "0015"}},
		{"reprint of one", "06 12 05 00 00 00 00 12", map[string]any{"receipt_no": "0012"}},
		{"reversal", "06 30 06 00 00 00 87 00 12", map[string]any{"receipt_no": "0012"}},
		{"read card", "06 C0 03 1E 19 40", map[string]any{"x_bmp_01": "1e", "x_bmp_19": "40"}},
		{"times that are none", "04 0F 0D 27 00 AA 00 00 00 0D 13 01 0C 24 00 00", map[string]any{
			"result": "00", "result_text": "successful", "x_bmp_aa": "000000", "x_bmp_0d": "1301", "x_bmp_0c": "240000",
		}},
		{"a leap day, and a date with its year before one without", "04 0F 09 27 00 0D 02 29 AA 26 11 22", map[string]any{
			"result": "00", "result_text": "successful", "date": "2026-11-22",
		}},
		{"a broken container", "04 0F 09 27 00 06 05 1F 10 09 01 01", map[string]any{
			"result": "00", "result_text": "successful", "x_damage": "BMP 06: tag 1f10: broken TLV",
		}},
		{"baud", "08 40 01 07", map[string]any{"x_baud": "07"}},
		{"registration without currency", "06 00 04 00 00 00 86", map[string]any{"x_config": "86"}},
		{"unknown BMP", "04 0F 06 27 00 B7 01 02 04", map[string]any{"result": "00", "result_text": "successful", "x_bmp_b7": "010204"}},
		{"damaged BMP", "04 0F 04 27 00 04 01", map[string]any{"result": "00", "result_text": "successful", "x_bmp_04": "01", "x_damage": "BMP 04: truncated"}},
		{"unnamed values stay as hex", "04 0F 0A 27 00 8A 63 49 99 99 D0 01 A0", map[string]any{
			"result": "00", "result_text": "successful", "x_bmp_8a": "63", "x_bmp_49": "9999", "x_bmp_d0": "01", "x_damage": "BMP a0: truncated",
		}},
		{"long trace and tip", "04 0F 1E 27 00 0B 00 00 00 06 16 1F 2B 04 12 34 56 78 1F 36 06 00 00 00 00 01 00 2F 04 1F 10 01 02", map[string]any{
			"result": "00", "result_text": "successful", "trace": "12345678", "tip": 100, "x_tlv_1f10": "02",
		}},
	} {
		got := Decode(plain(c.in))
		if len(got) != 1 || !got[0].OK {
			t.Errorf("%s: %s", c.name, jsonOf(t, got))
			continue
		}
		if a, b := toJSON(t, got[0].Fields), toJSON(t, c.want); !reflect.DeepEqual(a, b) {
			t.Errorf("%s:\n%v\nwant\n%v", c.name, a, b)
		}
	}
}

// toJSON takes fields through JSON, so that numbers of different types compare.
func toJSON(t *testing.T, fields map[string]any) map[string]any {
	t.Helper()
	b, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestCommandNamesAndDirections(t *testing.T) {
	for in, want := range map[string]string{
		"06 01": "payment ecr", "06 03": "balance ecr", "06 10": "totals ecr", "06 1B": "set_tid ecr", "06 20": "repeat_receipt ecr", "06 22": "reservation ecr",
		"06 23": "partial_reversal ecr", "06 24": "book_total ecr", "06 30": "reversal ecr", "06 31": "refund ecr", "06 50": "end_of_day ecr", "06 70": "diagnosis ecr",
		"06 91": "set_clock ecr", "06 93": "initialise ecr", "06 B0": "abort ecr", "06 C0": "read_card ecr", "06 E0": "show_text ecr", "05 01": "status ecr",
		"06 00": "registration ecr", "06 02": "log_off ecr", "06 12": "reprint ecr", "04 0F": "status_information device", "04 FF": "intermediate_status device",
		"06 D1": "print_line device", "06 D3": "print_block device", "06 0F": "completion device", "06 1E": "failed device", "80 00": "accepted ", "84 00": "accepted ",
		"84 01": "refused ", "04 0D": "input device", "04 0E": "menu device", "04 01": "host_clock device", "06 09": "prepaid_top_up ecr",
		"06 0A": "tax_free ecr", "06 04": " ecr", "06 DD": "dial_up device", "06 0C": "book_tip ecr", "08 40": "change_baud ecr", "06 D0": " device", "0F 01": " ", "06 25": "reservation_reversal ecr", "05 02": " ecr", "06 E4": "blocked_list device",
	} {
		b := plain(in)
		a := codec.APDU{Class: b[0], Instr: b[1]}
		if got := commandName(a) + " " + direction(a); got != want {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
}

// TestDecodeMasksCardData puts a test card number into every place that can hold one and looks for it in the output.
func TestDecodeMasksCardData(t *testing.T) {
	const number, packed = "4761739001010119", "47 61 73 90 01 01 01 19"
	ascii := hex.EncodeToString([]byte(number))
	places := map[string]string{
		"BMP 22":                "22 F0 F8 " + packed,
		"BMP 22 of odd length":  "22 F0 F8 37 82 82 24 63 10 00 5F",
		"BMP 23":                "23 F1 F1 " + packed + " D2 71 2F",
		"BMP 24":                "24 F0 F0 F8 " + packed,
		"BMP 2D":                "2D F1 F6 " + ascii,
		"BMP 2E":                "2E F0 F0 F8 " + packed,
		"BMP 3C":                "3C F0 F1 F6 " + ascii,
		"BMP 8B":                "8B F1 F6 " + ascii,
		"BMP A7":                "A7 F0 F8 " + packed,
		"TLV 5A":                "06 0A 5A 08 " + packed,
		"TLV 57 in 60":          "06 0F 60 0D 57 0B " + packed + " D2 71 2F",
		"TLV 46, text":          "06 12 46 10 " + ascii,
		"TLV unknown, packed":   "06 0B 1F 14 08 " + packed,
		"TLV cut off":           "06 0A 5A 09 " + packed,
		"behind an unknown BMP": "B7 00 " + packed + " FF",
		"BMP 22 cut off":        "22 F0 F9 " + packed,
		"a display line":        "F1 F1 F6 " + ascii,
	}
	for name, data := range places {
		apdu, err := codec.APDU{Class: 0x04, Instr: 0x0F, Data: plain("27 00 " + data)}.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		frame := codec.Frame(apdu)
		broken := append([]byte{}, frame...)
		broken[len(broken)-1] ^= 1
		for form, in := range map[string][]byte{
			"bare": apdu, "serial": frame, "wrong CRC": broken, "serial without an end": frame[:len(frame)-4], "bare without an end": apdu[:len(apdu)-1],
		} {
			out := jsonOf(t, Decode(in))
			for _, secret := range []string{"476173900101", "378282246310", hex.EncodeToString([]byte("476173900101"))} {
				if strings.Contains(out, secret) {
					t.Errorf("%s, %s: %s", name, form, out)
				}
			}
		}
	}
}

// TestDecodeLeavesWords has texts whose letters, blanks and digits read as packed digits too, and those are right by their check digit in some length.
func TestDecodeLeavesWords(t *testing.T) {
	for _, words := range []string{"BETRAG EUR 10 CHIP", "VISA CREDIT 1234", "KARTENZAHLUNG 0 BELEG 1234", "GIROCARD EXPRESS SERVICE"} {
		text := []byte(words)
		line, err := codec.APDU{Class: 0x06, Instr: 0xD1, Data: append([]byte{0}, text...)}.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		for _, tag := range []codec.Tag{codec.TagTextLine, codec.TagResultText, codec.TagVendorErrorText, 0x42, 0x46} {
			block, err := codec.Build(0x06, 0xD3).TLV(codec.AppendTLV(nil, codec.TagPrintTexts, codec.AppendTLV(nil, tag, text))).APDU()
			if err != nil {
				t.Fatal(err)
			}
			whole, err := block.Marshal()
			if err != nil {
				t.Fatal(err)
			}
			for _, in := range [][]byte{line, whole} {
				if d := Decode(in); len(d) != 1 || d[0].Frame != hex.EncodeToString(in) {
					t.Errorf("tag %x, %s:\n%s", tag, words, jsonOf(t, d))
				}
			}
		}
	}
}

func TestDecodeMasksInPlace(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"04 0F 0D 22 F0 F8 47 61 73 90 01 01 01 19 27 00", "040f0d22f0f8eeeeeeeeeeeeeeee2700"},
		{"04 0F 10 23 F1 F1 47 61 73 90 01 01 01 19 D2 71 2F 27 00", "040f1023f1f1eeeeeeeeeeeeeeeedeeeef2700"},
		{"04 0F 09 0E 27 12 3A 12 3F 2D F0 F0", "040f090eeeee3aeeef2df0f0"},
		{"06 D1 06 00 2D 34 37 36 31", "06d106002d34373631"},
		{"10 02 04 0F 0B 22 F0 F8 10 10 61 73 90 01 01 01 10 10 10 03", "1002040f0b22f0f8eeeeeeeeeeeeeeeeeeee1003"},
	} {
		if got := Decode(plain(c.in)); len(got) != 1 || got[0].Frame != c.want {
			t.Errorf("%s:\n%s\nwant frame %s", c.in, jsonOf(t, got), c.want)
		}
	}
	line := append([]byte{0x06, 0xD1, 0x12, 0x00, 0x20}, "4761739001010119"...)
	if got := Decode(line); len(got) != 1 || got[0].Frame != "06d1120020"+strings.Repeat("2a", 16) || got[0].Fields["text"] != " ************0119" {
		t.Errorf("print line: %s", jsonOf(t, got))
	}
}

// FuzzDecode checks that no input panics, and that every byte of it stands in exactly one object.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{
		"06 15 10 02 80 00 00 10 03 F5 1F", "10 02 06 00 10 10 00 00 00 BE 09 78 03 01 06 06 26 04 0A 02 06 D3 10 03 D7 DE",
		"04 0F 10 23 F1 F1 47 61 73 90 01 01 01 19 D2 71 2F 27 00", "06 D3 11 06 0F 1F 07 01 02 25 09 07 02 48 69 09 01 FF 07 00",
		"06 0F 06 F0 F0 F2 31 32 00", "06 1E 03 6F 07 56", "04 FF 0A 0A 03 06 06 24 04 07 02 48 69", "41 42 10", "06 00 01 00", "06 12 03 00 00 00", "06 D1 00", "04 FF 00",
		"10 02 10", "10 02 04 0F 22 F0 F8 10 10 10",
	} {
		f.Add(plain(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		length := 0
		for _, d := range Decode(in) {
			length += len(d.Frame) / 2
			if d.OK == (d.Error != "") || d.Protocol != "zvt" {
				t.Errorf("%+v", d)
			}
		}
		if length != len(in) {
			t.Errorf("%d bytes in, %d in frames", len(in), length)
		}
	})
}
