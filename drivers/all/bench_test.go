package all

import (
	"encoding/hex"
	"testing"

	hypercom "github.com/tillproof/tillproof/drivers/hypercom/codec"
	"github.com/tillproof/tillproof/drivers/zvt/codec"
)

// swiped is a swipe of a public test number by a reader with the public test key.
const swiped = "027C00801700250082923B3431313131312A2A2A2A2A2A313131313D333031322A2A2A2A2A2A2A2A2A2A2A2A2A3F2A" +
	"4BA6C791EB7DC3EFBFDF8F6924F4572796CE359AE95FFEE014746B2227017F8F141D43165369FDBB" +
	"FAA2690A0556629F18196A05D38DBFAA77701DE5" + "53494D30303030303031" + "FFFF9876543210E00001" + "692D03"

// frames are a usual message of each protocol: the outcome of a sale, or a swipe.
func frames(t testing.TB) map[string][]byte {
	t.Helper()
	zvt, err := codec.Build(0x04, 0x0F).Field(codec.ResultCode, 0).Number(codec.Amount, 1250).Number(codec.CurrencyCode, 978).Number(codec.Trace, 17).
		Number(codec.ReceiptNo, 17).Number(codec.TerminalID, 52500001).Number(codec.TimeOfDay, 101530).Number(codec.MonthDay, 1122).
		Field(codec.PAN, 0x47, 0x61, 0x73, 0xEE, 0xEE, 0xEE, 0x01, 0x19).Field(codec.CardType, 10).Text(codec.CardName, "VISA\x00").APDU()
	if err != nil {
		t.Fatal(err)
	}
	bare, err := zvt.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	swipe, err := hex.DecodeString(swiped)
	if err != nil {
		t.Fatal(err)
	}
	return map[string][]byte{
		"zvt":       codec.Frame(bare),
		"transbank": stx(0, "0210|00|597020000541|80000001|ABC123|A1B2C3|1250|1111|000017|CR|||VI|22112026|101530|"),
		"ecr17":     stx(0x7F, "305000170E00************1111   ICCA1B2C3022610151230500017000017000012"),
		"concert":   stx(0, "020000019901978          "),
		"hypercom": hypercom.Usual().Rules().Frame([]byte("6000000000112000" + "0\x1C02\x00\x08APPROVED\x1C66\x00\x20K7Q2M9A1B2C3D4E5F6G7\x1C40\x00\x12000000001990\x1C" +
			"64\x00\x06000042\x1C65\x00\x06000417\x1C30\x00\x16************1111\x1CD2\x00\x04VISA\x1CE6\x00\x0207\x1C")),
		"idtech": swipe,
	}
}

// BenchmarkDecodedFrame is what a decoded frame costs, for a trace and for `tillproof decode`.
func BenchmarkDecodedFrame(b *testing.B) {
	for driver, frame := range frames(b) {
		decode := Decode(driver)
		b.Run(driver, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(frame)))
			for b.Loop() {
				decode(frame)
			}
		})
	}
}

// What is measured is what it says: every frame is understood.
func TestTheMeasuredFramesAreUnderstood(t *testing.T) {
	for driver, frame := range frames(t) {
		if list := Decode(driver)(frame); len(list) == 0 || !list[len(list)-1].OK {
			t.Errorf("%s: %+v", driver, list)
		}
	}
}
