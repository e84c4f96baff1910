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
		if err != nil {
			n = extent(input[at:], n, err)
		}
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

func describe(d *drivers.Decoded, f *codec.Frame, raw []byte) {
	d.Frame, d.Direction = hex.EncodeToString(raw), drivers.FromDevice
	switch f.Kind {
	case codec.Done:
		d.Name, d.Direction = "ack", ""
	case codec.Refusal:
		d.Name, d.Fields = "nak", map[string]any{"status": fmt.Sprintf("%02x", f.Code), "text": refusalText(f.Code)}
	case codec.Reply:
		f.Data, d.Frame = withoutTracks(f.Data), hex.EncodeToString(withoutTracks(raw))
		d.Name, d.Fields = "settings", settings(f.Data)
	case codec.Request:
		f.Data, d.Frame = withoutTracks(f.Data), hex.EncodeToString(withoutTracks(raw))
		d.Name, d.Direction, d.Fields = requestName(f.Code), drivers.FromECR, request(f)
	case codec.Swipe, codec.Buffered:
		swipe(d, f.Data, raw)
	}
}

func swipe(d *drivers.Decoded, data, raw []byte) {
	d.Name = "swipe"
	card, err := parse(data)
	if err == nil && shows(&card) {
		err = errClear
	}
	if err != nil {
		d.OK, d.Error = false, err.Error()
		d.Frame = stx.Masked(raw, bytes.Index(raw, data), []stx.Span{{From: codec.MinCardData, To: len(data)}})
		return
	}
	d.Fields = cardFields(&card)
	if name := card.Shown[0]; len(name) > 0 { // track 1 as it is shown has the customer's name
		from := bytes.Index(raw, name)
		d.Frame = stx.Masked(raw, 0, []stx.Span{{From: from, To: from + len(name)}})
	}
}

// parse cuts the card data of a swipe, which may have its own frame around them once more.
func parse(block []byte) (codec.Card, error) {
	data, err := cardData(block)
	if err != nil {
		return codec.Card{}, err
	}
	return codec.ParseCard(data)
}

// errClear says that a card's data stand there for everybody.
var errClear = errors.New("the card's data are in clear: the reader does not encrypt them")

// cardFields are what may be told of a card that was read.
func cardFields(c *codec.Card) map[string]any {
	f := stx.Fields{"entry": "stripe", "x_type": fmt.Sprintf("%02x", c.Type), "x_track_status": fmt.Sprintf("%02x", c.Status)}
	if c.Type == 0x85 {
		f["entry"] = "manual"
	}
	f.Text("x_reader", string(c.Serial))
	if len(c.KSN) > 0 {
		f["x_ksn"] = hex.EncodeToString(c.KSN)
	}
	for _, shown := range [][]byte{c.Shown[1], c.Shown[0]} {
		if number := numberOf(shown); number != "" {
			f.Card(number)
			break
		}
	}
	encrypted := []string{}
	for track := 1; track <= 3; track++ {
		if c.Has(track) {
			encrypted = append(encrypted, fmt.Sprintf("track%d", track))
		}
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
