//go:build linux

package scenario_test

import (
	"io"
	"strings"

	"github.com/tillproof/tillproof/drivers/zvt/codec"
)

// leaky is the wire of a terminal that misbehaves: what it writes is given card data wherever ZVT has a place for it.
type leaky struct {
	io.ReadWriteCloser
	stream bool
	frames codec.Decoder
	bare   codec.Splitter
}

// Write implements [io.Writer].
func (l *leaky) Write(b []byte) (int, error) {
	var out []byte
	for _, c := range b {
		out = append(out, l.feed(c)...)
	}
	if _, err := l.ReadWriteCloser.Write(out); err != nil {
		return 0, err
	}
	return len(b), nil
}

func (l *leaky) feed(c byte) (out []byte) {
	if l.stream {
		if ev, whole := l.bare.Feed(c); whole {
			return plain(spoiled(ev.Message))
		}
		return nil
	}
	for _, ev := range l.frames.Feed(c) {
		if ev.Kind == codec.GotFrame {
			out = append(out, codec.Frame(plain(spoiled(ev.Message)))...)
		} else {
			out = append(out, ev.Raw...)
		}
	}
	return out
}

func plain(a codec.APDU) []byte {
	b, err := a.Marshal()
	if err != nil {
		panic(err)
	}
	return b
}

// spoiled puts card data into a message of the terminal.
func spoiled(a codec.APDU) codec.APDU {
	switch {
	case a.Is(0x04, 0x0F):
		return spoiledResult(a)
	case a.Is(0x04, 0xFF):
		line := codec.AppendTLV(nil, codec.TagTextLine, codec.EncodeText("Karte "+panOfDisplay))
		return built(codec.Build(0x04, 0xFF).Raw(a.Data[0], 0x03).TLV(codec.AppendTLV(nil, codec.TagDisplayTexts, line)))
	case a.Is(0x06, 0xD1), a.Is(0x06, 0xD3):
		a.Data = []byte(receiptLines().Replace(string(a.Data)))
	}
	return a
}

// receiptLines replaces lines of the simulated receipt by others of the same length.
func receiptLines() *strings.Replacer {
	fit := func(old, fresh string) string { return (fresh + strings.Repeat(" ", 64))[:len(old)] }
	var pairs []string
	for old, fresh := range map[string]string{
		"############1111":                  panOfLine,
		"Zahlung erfolgt":                   panOfAmex,
		"BITTE BELEG AUFBEWAHREN":           "PAN " + strings.Join(groups(panOfGroups), "-"),
		"AS-Proc-Code 00 Genehmigungs-Nr. ": ";" + panOfPrinted + "=" + printedRest,
	} {
		pairs = append(pairs, old, fit(old, fresh))
	}
	return strings.NewReplacer(pairs...)
}

// spoiledResult gives a result every field that can carry a card number or a track.
func spoiledResult(a codec.APDU) codec.APDU {
	fields, rest, err := codec.ParseFields(a.Data)
	if err != nil || len(rest) > 0 {
		panic("the simulated terminal sends what it cannot read itself")
	}
	b, at := codec.Build(a.Class, a.Instr), 0
	for _, f := range fields {
		raw := a.Data[at : f.At+len(f.Value)]
		at = f.At + len(f.Value)
		switch f.BMP {
		case codec.PAN, codec.CardName:
		case codec.Container:
			b.TLV(append(append([]byte{}, f.Value...), spoiledObjects()...))
		default:
			b.Raw(raw...)
		}
	}
	b.Field(codec.PAN, packed(panOfField)...).Field(codec.Expiry, 0x28, 0x12).
		Field(codec.Track1, []byte("B"+panOfTrack1+"^TEST/CARD^"+track1Rest)...).
		Field(codec.Track2, packedTrack(panOfTrack2+"D"+track2Rest)...).
		Field(codec.Track3, packedTrack(panOfTrack3+"D"+track3Rest)...).
		Text(codec.AdditionalText, "Karte "+panOfText+" geprueft").
		Text(codec.CardName, "VISA "+panOfName+"\x00").
		Raw(0x99).Raw(packed(panOfStrange)...) // a BMP that no table has, and what is behind it
	return built(b)
}

// spoiledObjects are TLV objects with card data: of EMV, a text, and one of a tag that no table has.
func spoiledObjects() []byte {
	out := codec.AppendTLV(nil, 0x5A, packedTrack(panOfTLV))
	out = codec.AppendTLV(out, 0x57, packedTrack(panOfTrack2+"D"+track2Rest))
	out = codec.AppendTLV(out, codec.TagTextLine, []byte("Nr. "+panOfTLVText))
	return codec.AppendTLV(out, 0x1F7E, packed(panOfUnknown))
}

// packedTrack packs digits and separators, filled up with F.
func packedTrack(digits string) []byte {
	if len(digits)%2 == 1 {
		digits += "F"
	}
	out := make([]byte, 0, len(digits)/2)
	for i := 0; i < len(digits); i += 2 {
		out = append(out, nibble(digits[i])<<4|nibble(digits[i+1]))
	}
	return out
}

func nibble(c byte) byte {
	if c >= 'A' {
		return c - 'A' + 10
	}
	return c - '0'
}

func built(b *codec.Builder) codec.APDU {
	a, err := b.APDU()
	if err != nil {
		panic(err)
	}
	return a
}
