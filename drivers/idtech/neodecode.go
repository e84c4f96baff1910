package idtech

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strconv"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/idtech/neo2"
	"github.com/tillproof/tillproof/drivers/stx"
	"github.com/tillproof/tillproof/pos"
)

// neoHead is how much of a frame stands before its data, neoTail what stands behind them, in bytes.
const (
	neoHead = len(neo2.Header) + 4
	neoTail = 2
)

// decodeNEO2 puts the frame at the begin into words and says how long it is. What is not understood is hidden, for packed digits look like anything.
func decodeNEO2(input []byte) (d drivers.Decoded, n int) {
	f, n, err := neo2.Split(input)
	d = drivers.Decoded{OK: err == nil, Protocol: "idtech"}
	if err != nil {
		n = extent(input, n, err)
	}
	raw := input[:n]
	if err != nil {
		d.Error, d.Frame = err.Error(), shownAs(raw, nil)
		return d, n
	}
	d.Name = neo2.Name(f.Command, f.Sub)
	if f.Request {
		d.Direction = drivers.FromECR
		askedNEO2(&d, &f, raw)
		return d, n
	}
	d.Direction = drivers.FromDevice
	repliedNEO2(&d, &f, raw)
	return d, n
}

// fewDigits is how many bytes hold no card's number, packed or not.
const fewDigits = 5

// shownAs is a frame in hex with its data as they may be shown, all of them hidden when there are none; what is too short for a card is shown as it is.
func shownAs(raw, data []byte) string {
	shown := bytes.Clone(raw)
	if len(raw) <= neoHead+fewDigits+neoTail {
		return hex.EncodeToString(raw)
	}
	for i := min(len(shown), neoHead); i < len(shown); i++ {
		shown[i] = '*'
	}
	if data != nil {
		copy(shown[neoHead:], data)
		copy(shown[len(raw)-neoTail:], raw[len(raw)-neoTail:])
	}
	return hex.EncodeToString(shown)
}

// askedNEO2 names what the host asks for.
func askedNEO2(d *drivers.Decoded, f *neo2.Frame, raw []byte) {
	fields := stx.Fields{}
	switch d.Name {
	case "":
		d.Name, fields["x_command"], d.Frame = "command", fmt.Sprintf("%02x-%02x", f.Command, f.Sub), shownAs(raw, nil)
	case "activate":
		d.Frame = activated(f.Data, raw, fields)
	default:
		d.Frame = hex.EncodeToString(raw)
	}
	if len(fields) > 0 {
		d.Fields = fields
	}
}

// activated tells the sale that a card is asked for.
func activated(data, raw []byte, fields stx.Fields) string {
	if len(data) == 0 {
		return shownAs(raw, nil)
	}
	fields["x_seconds"] = int(data[0])
	objects, err := neo2.ParseTLVs(data[1:])
	if err != nil {
		return shownAs(raw, nil)
	}
	for _, o := range objects {
		digits := hex.EncodeToString(o.Value)
		n, err := strconv.ParseInt(digits, 10, 64)
		switch {
		case err != nil:
		case o.Tag == neo2.Amount:
			fields["amount"] = n
		case o.Tag == neo2.CurrencyCode:
			if c, known := pos.CurrencyByNumber(int(n)); known {
				fields["currency"] = string(c)
			}
		}
	}
	return shownAs(raw, append([]byte{data[0]}, neo2.Hidden(data[1:], harmless)...))
}

// repliedNEO2 tells a reader's answer.
func repliedNEO2(d *drivers.Decoded, f *neo2.Frame, raw []byte) {
	fields := stx.Fields{"status": fmt.Sprintf("%02x", f.Status)}
	fields.Text("text", neo2.StatusText(f.Status))
	d.Fields, d.Frame = fields, shownAs(raw, nil)
	switch f.Command {
	case neo2.Activate, neo2.Poll:
		d.Name = "result"
		switch {
		case len(f.Data) == 0:
		case f.Status == neo2.OK, f.Status == neo2.AskOnline:
			cardNEO2(d, f.Data, raw, fields)
		default:
			d.Frame = shownAs(raw, neo2.Hidden(f.Data, func(tag neo2.Tag) bool { return tag == neo2.CardError || tag == neo2.ResultCode }))
		}
		return
	case neo2.Serial:
		d.Name = "serial"
		fields.Text("x_reader", printable(f.Data))
	case neo2.Keys:
		d.Name = "key"
		if len(f.Data) > 0 {
			fields["x_key_state"] = fmt.Sprintf("%02x", f.Data[0])
		}
		if len(f.Data) == 2+drivers.KSNSize {
			fields["x_ksn"] = hex.EncodeToString(f.Data[2:])
		}
	case neo2.Encryption:
		d.Name = "encryption"
		fields.Text("x_encryption", hex.EncodeToString(f.Data))
	case neo2.Ping:
		d.Name = "ping"
	case neo2.Cancel:
		d.Name = "cancel"
	default:
		d.Name = "reply"
		fields["x_command"] = fmt.Sprintf("%02x", f.Command)
		return
	}
	d.Frame = shownAs(raw, f.Data)
}

// cardNEO2 tells of a card what may be told.
func cardNEO2(d *drivers.Decoded, data, raw []byte, fields stx.Fields) {
	d.Name = "card"
	card, err := neo2.ParseResult(data)
	if err == nil && (card.Clear() || card.Exposed() || clearStripe(card.StripeBlock)) {
		err = errClear
	}
	if err != nil {
		d.OK, d.Error, d.Fields = false, err.Error(), nil
		return
	}
	fields["entry"], fields["x_attribution"] = card.Entry(), fmt.Sprintf("%02x", card.Attribution)
	if len(card.KSN) > 0 {
		fields["x_ksn"] = hex.EncodeToString(card.KSN)
	}
	if number := card.Number(); number != "" {
		fields.Card(number)
	}
	encrypted := []string{}
	for _, part := range []struct {
		name  string
		value []byte
	}{{"track2", card.Track2}, {"pan", card.PAN}, {"stripe", card.StripeBlock}} {
		if len(part.value) > 0 {
			encrypted = append(encrypted, part.name)
		}
	}
	fields["x_encrypted"] = encrypted
	d.Frame = shownAs(raw, append([]byte{data[0]}, neo2.Hidden(data[1:], harmless)...))
}

// clearStripe says whether a stripe's block has a track in clear, or is none.
func clearStripe(block []byte) bool {
	if block == nil {
		return false
	}
	card, err := parse(block)
	return err != nil || shows(&card)
}

// harmless says whether the value of a tag may be shown in a frame that was found not to be in clear. Name, expiry and everything that we do not know may not,
// nor a stripe's block, which has a name in it.
func harmless(tag neo2.Tag) bool {
	switch tag {
	case neo2.KSN, neo2.Track2, neo2.PAN, neo2.MaskedTrack2, neo2.MaskedPAN, neo2.ResultCode, neo2.AttributionT, neo2.CardError,
		neo2.Amount, neo2.TransactionType, neo2.CurrencyCode, neo2.CurrencyExp:
		return true
	}
	return false
}
