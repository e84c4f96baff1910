package zvt

import (
	"context"
	"errors"

	"github.com/tillproof/tillproof/drivers/zvt/codec"
	"github.com/tillproof/tillproof/pos"
)

// Bits of the status byte in the completion of a registration (PA00P015, registration).
const (
	wantsInitialisation byte = 0x01
	wantsDiagnosis      byte = 0x02
	wantsOPT            byte = 0x04
)

// register sends 06 00 with our configuration and currency, and asks for receipts as blocks (06 D3) and for message ids. A terminal that refuses the whole of
// it as not possible is asked again without the latter.
func (t *terminal) register(ctx context.Context) error {
	err := t.registerWith(ctx)
	var no *refusal
	if errors.As(err, &no) && no.early && no.code == notSupported && !t.ids.off {
		t.ids.off = true
		return t.registerWith(ctx)
	}
	return err
}

func (t *terminal) registerWith(ctx context.Context) error {
	a, err := codec.Build(0x06, 0x00).Digits(t.options.password, 3).Raw(t.options.config).
		Digits(uint64(t.currency.Numeric()), 2).Field(codec.Service, t.options.service).TLV(t.wishes()).APDU()
	if err != nil {
		return err
	}
	data, err := t.complete(ctx, a, listener{})
	if err != nil {
		return err
	}
	fields, _, _ := codec.ParseFields(data)
	if n, ok := fields.Number(codec.CurrencyCode); ok && n != uint64(t.currency.Numeric()) {
		return t.wrongCurrency(n)
	}
	t.wants, _ = fields.Byte(codec.PaymentType)
	t.charset = t.agreed(fields.TLV())
	t.ids.agree(fields.TLV())
	t.registered = true
	return nil
}

// wishes are the TLV objects of the registration: receipts come as blocks (06 D3), and what the shop has set. That the container is there at all lets
// the terminal send its own.
func (t *terminal) wishes() []byte {
	objects := codec.AppendTLV(nil, codec.TagCommands, codec.AppendTLV(nil, codec.TagCommand, []byte{0x06, 0xD3}))
	if n := t.options.columns; n > 0 {
		objects = codec.AppendTLV(objects, codec.TagPrinterColumns, []byte{byte(n/10<<4 | n%10)})
	}
	if t.options.wishesCharset {
		wish := codec.AppendTLV(nil, codec.TagCharset, []byte{t.options.charset.Code()})
		objects = codec.AppendTLV(objects, codec.TagCharsets, wish)
	}
	if !t.ids.off {
		objects = messageID(objects, 0)
	}
	return objects
}

// agreed is the set of characters after a registration: the wished one if the terminal tells it again, otherwise CP437 (PA00P015, TLV 27).
func (t *terminal) agreed(told codec.Objects) codec.Charset {
	if code, ok := told.Byte(codec.TagCharset); ok && t.options.wishesCharset && code == t.options.charset.Code() {
		return t.options.charset
	}
	return codec.CP437
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
