package zvt

import (
	"context"

	"github.com/tillproof/tillproof/drivers/zvt/codec"
	"github.com/tillproof/tillproof/pos"
)

// Bits of the status byte in the completion of a registration (PA00P015, registration).
const (
	wantsInitialisation byte = 0x01
	wantsDiagnosis      byte = 0x02
	wantsOPT            byte = 0x04
)

// register sends 06 00 with our configuration and currency, and asks for receipts as blocks (06 D3).
func (t *terminal) register(ctx context.Context) error {
	blocks := codec.AppendTLV(nil, codec.TagCommands, codec.AppendTLV(nil, codec.TagCommand, []byte{0x06, 0xD3}))
	a, err := codec.Build(0x06, 0x00).Digits(t.options.password, 3).Raw(t.options.config).
		Digits(uint64(t.currency.Numeric()), 2).Field(codec.Service, t.options.service).TLV(blocks).APDU()
	if err != nil {
		return err
	}
	data, err := t.complete(ctx, a, nil)
	if err != nil {
		return err
	}
	fields, _, _ := codec.ParseFields(data)
	if n, ok := fields.Number(codec.CurrencyCode); ok && n != uint64(t.currency.Numeric()) {
		return t.wrongCurrency(n)
	}
	t.wants, _ = fields.Byte(codec.PaymentType)
	t.registered = true
	return nil
}

func (t *terminal) wrongCurrency(numeric uint64) error {
	theirs, _ := pos.CurrencyByNumber(int(numeric))
	return pos.NewError("device_unavailable", pos.Permanent, pos.NoneMoved,
		"The card terminal is set up for currency "+string(theirs)+", the till for "+string(t.currency)+".",
		"Correct the currency in the configuration or have the terminal set up anew.")
}

// wanted puts the status byte of a registration into words.
func wanted(bits byte) (text string, needed bool) {
	switch {
	case bits&wantsInitialisation != 0:
		return "The terminal must be initialised: start an initialisation at the terminal.", true
	case bits&wantsDiagnosis != 0:
		return "The terminal must run a diagnosis: start a diagnosis at the terminal.", true
	case bits&wantsOPT != 0:
		return "The terminal must run its online personalisation: start it at the terminal.", true
	}
	return "", false
}
