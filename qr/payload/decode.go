package payload

import (
	"encoding/hex"
	"unicode/utf8"

	"github.com/tillproof/tillproof/drivers"
)

// Protocol is the name of this package's decoder on the command line.
const Protocol = "emvqr"

// Decode puts the text of a merchant-presented code into words: one object, named by its scheme, with every object, line or
// parameter of the code as x_<id>. A code that cannot be read is an object that is not OK and says where. Merchant accounts are
// not masked: they are printed on the shop's own door.
func Decode(line []byte) []drivers.Decoded {
	d := drivers.Decoded{Protocol: Protocol, Frame: hex.EncodeToString(line)}
	s, err := Read(string(line))
	if err != nil {
		d.Error = err.Error()
		return []drivers.Decoded{d}
	}
	d.OK, d.Name, d.Fields = true, s.Scheme, s.fields()
	return []drivers.Decoded{d}
}

// fields names what has a name on the command line, and keeps the rest by its place.
func (s *Summary) fields() map[string]any {
	f := map[string]any{"count": s.Count}
	for name, value := range s.Parts {
		f["x_"+name] = readable(value)
	}
	for name, value := range map[string]string{"currency": string(s.Currency), "reference": s.Reference, "terminal_id": s.Terminal,
		"x_merchant": s.Merchant, "x_city": s.City, "x_country": s.Country, "x_mcc": s.MCC, "x_initiation": string(s.Initiation),
		"x_tip_mode": string(s.Tip),
	} {
		if value != "" {
			f[name] = readable(value)
		}
	}
	if s.Amount != nil {
		f["amount"] = int64(*s.Amount)
	}
	if s.TipFixed != nil {
		f["tip"] = int64(*s.TipFixed)
	}
	if len(s.Schemes) > 0 {
		f["x_schemes"] = s.Schemes
	}
	return f
}

// readable gives text as text and anything else as hex.
func readable(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return hex.EncodeToString([]byte(s))
}
