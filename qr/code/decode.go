package code

import (
	"strings"

	"github.com/tillproof/tillproof/drivers"
)

// Decode puts one consumer-presented code into words, for `tillproof decode cpm`. The frame is masked with 2a, for the code is a secret.
// Fields: x_scheme, x_85 (format indicator), x_4f (AID of the first application), card_name, last4, and x_aids, all AIDs.
func Decode(line []byte) []drivers.Decoded {
	text := Trim(string(line))
	d := drivers.Decoded{Protocol: "cpm", Frame: strings.Repeat("2a", len(text))}
	c, err := ParseCPM(text)
	if err != nil {
		d.Error = err.Error()
		return []drivers.Decoded{d}
	}
	first := c.Applications[0]
	d.OK, d.Name = true, string(c.Scheme)
	d.Fields = map[string]any{"x_scheme": string(c.Scheme), "x_85": c.Format, "x_4f": first.AID}
	if first.Label != "" {
		d.Fields["card_name"] = first.Label
	}
	if first.Last4 != "" {
		d.Fields["last4"] = first.Last4
	}
	aids := []string{}
	for _, a := range c.Applications {
		aids = append(aids, a.AID)
	}
	d.Fields["x_aids"] = aids
	return []drivers.Decoded{d}
}
