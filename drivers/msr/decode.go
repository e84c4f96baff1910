package msr

import (
	"bytes"
	"fmt"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/stx"
)

// Decode puts recorded bytes into words, one object for each track, or for each data object of a card's chip (EMV Book 3: tags 57, 5A and what belongs to
// them), of which track 2 may come without its tag. Between the sentinels nothing is shown but the last four digits of the number and the service code: names,
// dates and what the issuer has added are left out.
func Decode(input []byte) []drivers.Decoded {
	if all := packed(input); all != nil {
		return all
	}
	var all []drivers.Decoded
	for at, second := 0, false; at < len(input); {
		n := 1
		switch c := input[at]; {
		case startOf(c) > 0:
			var d drivers.Decoded
			d, n = decodeTrack(input[at:], second)
			second = second || c == ';'
			all = append(all, d)
		case c > ' ':
			n = run(input[at:])
			all = append(all, decodeBare(input[at:at+n]))
		}
		at += n
	}
	return all
}

// decodeTrack decodes the track at the begin of b and says how many bytes it has.
func decodeTrack(b []byte, second bool) (drivers.Decoded, int) {
	t, n, err := cut(b, second)
	d := drivers.Decoded{Protocol: "msr", Direction: drivers.FromDevice, Name: fmt.Sprintf("track%d", t.number)}
	if err != nil {
		d.Error, d.Frame = err.Error(), stx.Masked(b[:n], 0, []stx.Span{{From: 1, To: n}})
		return d, n
	}
	d.OK, d.Fields = true, t.fields()
	d.Frame = stx.Masked(b[:n], 0, []stx.Span{{From: 1, To: bytes.LastIndexByte(b[:n], '?')}})
	return d, n
}

// decodeBare decodes what has no sentinel before it.
func decodeBare(text []byte) drivers.Decoded {
	d := drivers.Decoded{Protocol: "msr", Frame: stx.Masked(text, 0, []stx.Span{{To: len(text)}})}
	t, err := bare(text)
	if err != nil {
		d.Error = fmt.Sprintf("%d characters that begin no track", len(text))
		return d
	}
	d.OK, d.Name, d.Direction, d.Fields = true, "track2", drivers.FromDevice, t.fields()
	return d
}

// fields are what may be told of a track.
func (t *track) fields() map[string]any {
	f := stx.Fields{"entry": "stripe"}
	switch {
	case t.failed:
		f.Text("status", "read_error")
	case t.own != nil:
		f.Text("text", opaque(t.own))
	default:
		f.Card(string(t.pan))
		f.Text("x_service_code", string(t.service))
	}
	return f
}

// opaque is a text of a format that is no bank's. What follows a long number or a separator may be a person's.
func opaque(text []byte) string {
	from := bytes.IndexByte(text, '^')
	if from < 0 {
		from = len(text)
	}
	for _, number := range stx.Numbers(text) {
		from = min(from, number.From)
	}
	return string(stx.Hidden(text, []stx.Span{{From: from, To: len(text)}}))
}
