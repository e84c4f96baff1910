package idtech

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/idtech/codec"
	"github.com/tillproof/tillproof/drivers/idtech/neo2"
	"github.com/tillproof/tillproof/drivers/stx"
)

// Decode puts recorded bytes of both protocols into words, one object for each swipe, card, request and reply. A track in clear is an error and is not shown; a name never is.
func Decode(input []byte) []drivers.Decoded {
	var all []drivers.Decoded
	for at := 0; at < len(input); {
		if neo2.Begins(input[at:]) {
			d, n := decodeNEO2(input[at:])
			all = append(all, d)
			at += n
			continue
		}
		f, n, err := codec.Split(input[at:nextNEO2(input, at)])
		d := drivers.Decoded{OK: err == nil}
		raw := input[at : at+n]
		if err != nil {
			d.Error, d.Frame = err.Error(), stx.Masked(raw, 0, hide(raw))
		} else {
			describe(&d, &f, raw)
		}
		d.Protocol = "idtech"
		all = append(all, d)
		at += n
	}
	return all
}

// nextNEO2 is where the next frame of the other protocol begins behind at, or the end.
func nextNEO2(input []byte, at int) int {
	if next := bytes.Index(input[at:], []byte(neo2.Header)); next > 0 {
		return at + next
	}
	return len(input)
}

// hide finds what may be a card's data in bytes that nobody understands.
func hide(raw []byte) []stx.Span {
	spans := stx.Numbers(raw)
	for _, sentinels := range []string{"%?", ";?"} {
		from := bytes.IndexByte(raw, sentinels[0])
		if from < 0 {
			continue
		}
		to := bytes.IndexByte(raw[from:], sentinels[1])
		if to < 0 {
			to = len(raw) - from
		}
		spans = append(spans, stx.Span{From: from + 1, To: from + to})
	}
	return spans
}

func describe(d *drivers.Decoded, f *codec.Frame, raw []byte) {
	d.Frame, d.Direction = hex.EncodeToString(raw), drivers.FromDevice
	switch f.Kind {
	case codec.Done:
		d.Name, d.Direction = "ack", ""
	case codec.Refusal:
		d.Name, d.Fields = "nak", map[string]any{"status": fmt.Sprintf("%02x", f.Code), "text": refusalText(f.Code)}
	case codec.Reply:
		d.Name, d.Fields = "settings", settings(f.Data)
	case codec.Request:
		d.Name, d.Direction, d.Fields = requestName(f.Code), drivers.FromECR, request(f)
	case codec.Swipe:
		swipe(d, f.Data, raw)
	}
}

func swipe(d *drivers.Decoded, data, raw []byte) {
	d.Name = "swipe"
	card, err := codec.ParseCard(data)
	if err == nil && card.Clear() {
		err = errors.New("the card's data are in clear: the reader does not encrypt them")
	}
	if err != nil {
		d.OK, d.Error = false, err.Error()
		d.Frame = stx.Masked(raw, 0, []stx.Span{{From: 3 + codec.MinCardData, To: len(raw) - 3}})
		return
	}
	d.Fields = cardFields(&card)
	if name := card.Shown[0]; len(name) > 0 { // track 1 as it is shown has the customer's name
		from := bytes.Index(raw, name)
		d.Frame = stx.Masked(raw, 0, []stx.Span{{From: from, To: from + len(name)}})
	}
}

// cardFields are what may be told of a card that was read.
func cardFields(c *codec.Card) map[string]any {
	f := stx.Fields{"entry": "stripe", "x_type": fmt.Sprintf("%02x", c.Type), "x_track_status": fmt.Sprintf("%02x", c.Status)}
	if c.Type == 0x85 {
		f["entry"] = "manual"
	}
	f.Text("x_reader", string(c.Serial))
	f.Text("x_ksn", hex.EncodeToString(c.KSN))
	for _, shown := range [][]byte{c.Shown[1], c.Shown[0]} {
		if number := numberOf(shown); number != "" {
			f.Card(number)
			break
		}
	}
	encrypted := []string{}
	for i, block := range c.Encrypted {
		if len(block) > 0 {
			encrypted = append(encrypted, fmt.Sprintf("track%d", i+1))
		}
	}
	if len(c.Both) > 0 {
		encrypted = append(encrypted, "track1", "track2")
	}
	f["x_encrypted"] = encrypted
	if c.Chip() {
		f.Text("text", "the card has a chip: it is to be put in")
	}
	if c.Type&0x80 != 0 {
		f["x_f8"], f["x_f9"] = fmt.Sprintf("%02x", c.F8), fmt.Sprintf("%02x", c.F9)
	}
	return f
}

// numberOf is the masked number of a track that is shown.
func numberOf(track []byte) string {
	text := strings.TrimLeft(string(track), "%;*B")
	end := strings.IndexAny(text, "=^?")
	if end < 0 {
		return ""
	}
	return text[:end]
}
