package scanner

import (
	"strings"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/scanner/gs1"
	"github.com/tillproof/tillproof/qr/code"
)

// Names of decoded codes.
const (
	namePayment = "payment_code"
	nameURL     = "url"
	nameGS1     = "gs1"
	nameGTIN    = "gtin"
	nameText    = "text"
)

// Decode puts what a scanner sent into words, for `tillproof decode scan`: one object for each code; the last one needs no
// terminator. The name says what it is, as for a sale that awaits payment: payment_code, gtin, gs1, url or text.
//
// Fields: text, x_aim, x_symbology, x_gtin (14 digits), x_scheme (of a payment code, unknown when no scheme is known), one
// x_ai_<identifier> for each GS1 element, and x_ambiguous. Payment codes are secrets: their text is shown as asterisks and their
// frame as 2a. So is what could be a card number, but for its last four digits.
func Decode(input []byte) []drivers.Decoded {
	var all []drivers.Decoded
	for _, p := range split(input) {
		if p.code == nil {
			all = append(all, tooLong(p.to-p.from))
			continue
		}
		all = append(all, decoded(p.code, input[p.from:p.to]))
	}
	return all
}

// piece is one code of an input and its place there, prefix and terminator included.
type piece struct {
	code     []byte // nil when it was too long
	from, to int
}

// split cuts an input into codes. Its end ends a code too.
func split(input []byte) []piece {
	s := splitter{terminator: anyTerminator}
	var all []piece
	from := 0
	end := func(take func() []byte, to int) {
		dropped := s.dropped
		if code := take(); len(code) > 0 || s.dropped > dropped {
			all = append(all, piece{code, from, to})
		}
	}
	for i, b := range input {
		if last := len(all) - 1; s.afterEnd && b == lf && last >= 0 && all[last].to == i {
			all[last].to++
		}
		end(func() []byte { return s.feed(b) }, i+1)
		if !s.partial() && b != stxByte {
			from = i + 1
		}
	}
	end(s.take, len(input))
	return all
}

// tooLong describes a code that no scanner can have read. It is shown by its length only: what it holds is anybody's guess.
func tooLong(n int) drivers.Decoded {
	return drivers.Decoded{Protocol: "scan", Name: nameText, Error: "the code is longer than 8192 bytes", Frame: strings.Repeat("2a", n)}
}

// decoded describes one code; raw is what was received of it, with prefix and terminator.
func decoded(c, raw []byte) drivers.Decoded {
	scan := interpret(c, autoEncoding, time.Time{})
	class := code.Classify(scan.Text)
	d := drivers.Decoded{OK: scan.Fault == "", Error: scan.Fault, Protocol: "scan", Name: nameOf(scan, class), Fields: fieldsOf(scan)}
	text, hide := strings.TrimPrefix(scan.Text, gs1.Separator), hideNothing
	switch {
	case d.Name == namePayment:
		d.Fields["x_scheme"] = schemeOf(class)
		hide = hideAll
	case d.Name == nameGTIN:
		d.Fields["x_gtin"], _ = gs1.GTIN(text)
	case d.Name == nameText && !isArticle(scan.AIM), d.Name == nameURL && len(scan.Elements) == 0:
		hide = hidePANs
	}
	d.Fields["text"], d.Frame = hide(text), frameOf(raw, scan, hide)
	return d
}

func nameOf(scan drivers.Scan, class code.Class) string {
	switch class.Kind {
	case code.Payment, code.UnknownPayment:
		return namePayment
	case code.URL:
		return nameURL
	case code.GS1:
		return nameGS1
	case code.Goods:
		return nameGTIN
	}
	if len(scan.Elements) > 0 {
		return nameGS1
	}
	return nameText
}

func schemeOf(class code.Class) string {
	if class.Kind == code.UnknownPayment {
		return "unknown"
	}
	return string(class.Scheme)
}

func fieldsOf(scan drivers.Scan) map[string]any {
	fields := map[string]any{}
	if scan.AIM != "" {
		fields["x_aim"], fields["x_symbology"] = scan.AIM, scan.Symbology
	}
	for _, e := range scan.Elements {
		fields["x_ai_"+e.AI] = e.Value
		if e.AI == "01" {
			fields["x_gtin"] = e.Value
		}
	}
	if scan.Ambiguous {
		fields["x_ambiguous"] = "separators seem to be lost; elements behind the first doubt are left out"
	}
	return fields
}
