package msr

import (
	"fmt"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/stx"
)

// Decode puts recorded bytes into words, one object for each track. Between the sentinels nothing is shown but the last four digits of the number and the
// service code: names, dates and what the issuer has added are left out.
func Decode(input []byte) []drivers.Decoded {
	var all []drivers.Decoded
	for at := 0; at < len(input); {
		n := 1
		switch c := input[at]; {
		case startOf(c) > 0:
			var d drivers.Decoded
			d, n = decodeTrack(input[at:])
			all = append(all, d)
		case c > ' ':
			for at+n < len(input) && input[at+n] > ' ' && startOf(input[at+n]) == 0 {
				n++
			}
			all = append(all, drivers.Decoded{Protocol: "msr", Error: fmt.Sprintf("%d characters that begin no track", n),
				Frame: stx.Masked(input[at:at+n], 0, []stx.Span{{To: n}})})
		}
		at += n
	}
	return all
}

// decodeTrack decodes the track at the begin of b and says how many bytes it has.
func decodeTrack(b []byte) (drivers.Decoded, int) {
	n, checked, err := split(b)
	d := drivers.Decoded{Protocol: "msr", Direction: drivers.FromDevice, Name: fmt.Sprintf("track%d", startOf(b[0])), Frame: stx.Masked(b[:n], 0, []stx.Span{{From: 1, To: n - 1}})}
	if err == nil && checked && !checkRight(b[:n]) {
		err = errCheck
	}
	var t track
	if err == nil {
		inner := b[1 : n-1]
		if checked {
			inner = b[1 : n-2]
		}
		t, err = read(b[0], inner)
	}
	if err != nil {
		d.Error, d.Frame = err.Error(), stx.Masked(b[:n], 0, []stx.Span{{From: 1, To: n}})
		return d, n
	}
	d.OK, d.Fields = true, t.fields()
	return d, n
}

// fields are what may be told of a track.
func (t *track) fields() map[string]any {
	f := stx.Fields{"entry": "stripe"}
	switch {
	case t.failed:
		f.Text("status", "read_error")
	case t.own != nil:
		f.Text("text", string(stx.Hidden(t.own, stx.Numbers(t.own))))
	default:
		f.Card(string(t.pan))
		f.Text("x_service_code", string(t.service))
	}
	return f
}
