package transbank

import (
	"fmt"

	"github.com/tillproof/tillproof/drivers/transbank/codec"
	"github.com/tillproof/tillproof/pos"
)

// request puts a command together in the form that the options ask for. Autoservicio has no final bar.
func (o *options) request(fields ...string) []byte {
	return codec.Payload(!o.noFinalBar && !o.kiosk, fields...)
}

// sale is 0200, or 0270 for a sub-merchant. The empty fields are what descriptions call fillers.
func (o *options) sale(amount pos.Minor, ticket string) []byte {
	sum, status := fmt.Sprint(int64(amount)), flag(!o.noProgress)
	if o.padded {
		sum = fmt.Sprintf("%09d", int64(amount))
	}
	switch {
	case o.kiosk:
		return o.request("0200", sum, ticket, flag(!o.printsSlip), status)
	case o.commerce != "" && o.noFinalBar: // the kit for Node has no filler where the one for .NET has a space
		return o.request("0270", sum, ticket, "", "", status, o.commerce)
	case o.commerce != "":
		return o.request("0270", sum, ticket, "", " ", status, o.commerce)
	}
	return o.request("0200", sum, ticket, "", "", status)
}

// lastSale is the question for the last sale. Autoservicio sends its voucher along, or prints it; a terminal of profile pos prints it in
// any case. 0280 has no final bar, whatever the form of the others.
func (o *options) lastSale(prints bool) []byte {
	switch {
	case o.kiosk:
		return o.request("0250", flag(!prints))
	case o.commerce != "":
		return codec.Payload(false, "0280", "0")
	}
	return o.request("0250")
}

// void is 1200. Autoservicio takes its last sale back and is told no number.
func (o *options) void(operation string) []byte {
	if o.kiosk {
		return o.request("1200")
	}
	return o.request("1200", operation)
}

func poll() []byte              { return []byte("0100") }
func loadKeys() []byte          { return []byte("0800") }
func (o *options) list() []byte { return o.request("0260", "1") }

// totals and closeDay have an empty field (documents of POS Integrado).
func (o *options) totals() []byte   { return o.request("0700", "") }
func (o *options) closeDay() []byte { return o.request("0500", "") }

func flag(on bool) string {
	if on {
		return "1"
	}
	return "0"
}
