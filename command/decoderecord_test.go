package command

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
)

func TestDecodeRecord(t *testing.T) {
	codec, err := record.NewCodec()
	if err != nil {
		t.Fatal(err)
	}
	epoch, err := pos.ParseEpoch("01a20170-1b4e-72f6-bd3b-82fab37a80bf")
	if err != nil {
		t.Fatal(err)
	}
	rec, err := codec.Encode("till-1", record.Genesis("till-1", epoch), record.Times{Wall: 1_700_000_000_000, Mono: 5}, &record.Intent{Payment: pos.PaymentID{1}, Order: "order-1", Attempt: 1,
		Tender: pos.Cash, Amount: 1990, Currency: "EUR"})
	if err != nil {
		t.Fatal(err)
	}
	objects := decodeRecord(append(append([]byte(nil), rec.Raw...), rec.Raw[:20]...))
	if len(objects) != 2 || !objects[0].OK || objects[0].Name != "intent" || objects[0].Fields["amount"] != json.Number("1990") || objects[0].Fields["x_order"] != "order-1" ||
		objects[0].Fields["x_epoch"] != epoch.String() || objects[0].Fields["x_hash"] != rec.Head().Hash.String() {
		t.Errorf("%+v", objects)
	}
	if objects[1].OK || !strings.HasPrefix(objects[1].Error, "truncated") {
		t.Errorf("%+v", objects[1])
	}
	if objects = decodeRecord([]byte("06")); len(objects) != 1 || objects[0].OK || objects[0].Error != "these bytes are no record of a journal" {
		t.Errorf("%+v", objects)
	}
}

func FuzzDecodeRecord(f *testing.F) {
	f.Add([]byte{0xA0})
	f.Fuzz(func(t *testing.T, input []byte) {
		for _, d := range decodeRecord(input) {
			if d.OK == (d.Error != "") {
				t.Errorf("%+v", d)
			}
		}
	})
}
