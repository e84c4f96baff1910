package concert

import (
	"bytes"
	"fmt"
	"strconv"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/concert/codec"
	"github.com/tillproof/tillproof/drivers/stx"
	"github.com/tillproof/tillproof/pos"
)

// Decode puts recorded bytes into words, one object for each frame and control byte. What begins with a V3 tag and no 02 is a message as it goes over TCP,
// without a frame. Card data is masked.
func Decode(input []byte) []drivers.Decoded {
	if bytes.HasPrefix(input, []byte("CZ00")) {
		m := understand(input)
		d := drivers.Decoded{OK: m.Err == nil, Protocol: "concert", Name: m.Name, Direction: m.Direction, Fields: m.Fields, Frame: stx.Masked(input, 0, m.Secret)}
		if m.Err != nil {
			d.Error = m.Err.Error()
		}
		return []drivers.Decoded{d}
	}
	return stx.Decode("concert", codec.Rules(), input, understand)
}

func understand(payload []byte) stx.Meaning {
	switch {
	case bytes.HasPrefix(payload, []byte("CZ")):
		return understandTags(payload)
	case len(payload) == codec.RequestLength:
		return request(string(payload))
	case len(payload) == codec.ShortAnswer:
		return answerMeaning(string(payload[:12]), string(payload[12:]), nil)
	case len(payload) == codec.FullAnswer:
		report := stx.Span{From: 12, To: 12 + codec.ReportLength}
		return answerMeaning(string(payload[:12]), string(payload[report.To:]), []stx.Span{report})
	}
	return stx.Meaning{Err: fmt.Errorf("a message of %d characters is neither E+ nor V3", len(payload)), Secret: stx.Numbers(payload)}
}

// request names the fields of an E+ request.
func request(m string) stx.Meaning {
	f := stx.Fields{}
	f.Text("register", m[0:2])
	f.Number("amount", m[2:10])
	f.Text("x_answer", m[10:11])
	f.Text("x_means", m[11:12])
	f.Text("card_name", meansName(m[11:12]))
	currency(f, m[13:16])
	f.Text("reference", m[16:26])
	f.Text("x_delay", m[26:30])
	f.Text("x_authorisation", m[30:34])
	return stx.Meaning{Name: requestName(m[12:13]), Direction: drivers.FromECR, Fields: f}
}

// answerMeaning names the fields of an E+ answer: what stands before the card's report, and what stands behind it.
func answerMeaning(head, tail string, secret []stx.Span) stx.Meaning {
	f := stx.Fields{}
	f.Text("register", head[0:2])
	f.Result(head[2:3], stateText(head[2:3]))
	f.Number("amount", head[3:11])
	f.Text("x_means", head[11:12])
	f.Text("card_name", meansName(head[11:12]))
	currency(f, tail[0:3])
	f.Text("reference", tail[3:13])
	return stx.Meaning{Name: "result", Direction: drivers.FromDevice, Fields: f, Secret: secret}
}

// currency sets a currency by its ISO 4217 number.
func currency(f stx.Fields, number string) {
	if n, err := strconv.Atoi(number); err == nil {
		if c, ok := pos.CurrencyByNumber(n); ok {
			f["currency"] = string(c)
			return
		}
	}
	f.Text("x_currency", number)
}
