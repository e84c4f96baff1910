package hypercom

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/drivers/hypercom/codec"
	"github.com/tillproof/tillproof/drivers/stx"
	"github.com/tillproof/tillproof/pos"
)

// FuzzAnswer reads whatever may stand in an answer: nothing of it panics, nothing but 00 is approved, and no card's number comes out.
func FuzzAnswer(f *testing.F) {
	for _, m := range []codec.Message{
		answerOf("20", "00", codec.Text("66", "K7Q2M9A1B2C3D4E5F6G7"), codec.Text("40", codec.Amount(1990)), codec.Text("30", testPAN), codec.Text("02", "CARD "+testPAN)),
		answerOf("20", "51", codec.Text("39", "05")),
		answerOf("50", "00", codec.Text("D3", "A"), codec.Text("80", codec.Total(16, 1, 100)), codec.Text("D3", "B"), codec.Text("80", codec.Total(20, 2, 200))),
	} {
		f.Add(codec.Usual().Payload(m), true)
		f.Add(ecuador().form.Payload(m), false)
	}
	f.Fuzz(func(t *testing.T, payload []byte, usual bool) {
		o := defaults(razer())
		if !usual {
			o = defaults(ecuador())
		}
		m, err := o.profile.form.Parse(payload)
		in := &incoming{stx.Event{Payload: payload}, m, err}
		r := readReply(in, "MYR")
		result, known := o.decided(r, pos.Money{Amount: 1990, Currency: "MYR"}, false)
		if known && (result.Decision == "approved") != (m.Response == "00") {
			t.Errorf("response %q is %s", m.Response, result.Decision)
		}
		if strings.Contains(fmt.Sprint(result), testPAN) {
			t.Errorf("%+v", result)
		}
		term := &terminal{options: o, currency: "MYR"}
		if totals, known := term.totals(in); known {
			sum := pos.Minor(0)
			for _, b := range totals.Brands {
				sum += b.Amount
			}
			if sum != totals.Amount {
				t.Errorf("%+v", totals)
			}
		}
	})
}
