package codec

import "fmt"

// Builder writes the data of an APDU field by field; the methods may be chained. The first error sticks and comes out
// of APDU. Values out of range are errors, never cut.
type Builder struct {
	apdu APDU
	err  error
}

// Build begins an APDU. Positional bytes (password, configuration, status) come first, by [Builder.Raw] or [Builder.Digits].
func Build(class, instr byte) *Builder { return &Builder{apdu: APDU{Class: class, Instr: instr}} }

// Raw adds bytes without a tag.
func (b *Builder) Raw(raw ...byte) *Builder {
	b.apdu.Data = append(b.apdu.Data, raw...)
	return b
}

// Digits adds n as BCD of size bytes without a tag: a password (3), the currency of a registration (2).
func (b *Builder) Digits(n uint64, size int) *Builder {
	v, err := BCD(n, size)
	b.note(err)
	return b.Raw(v...)
}

// Field adds a BMP with the length form of its format. A value whose length does not fit the format, and an unknown
// BMP, are errors.
func (b *Builder) Field(tag BMP, value ...byte) *Builder {
	head, err := tag.head(len(value))
	if err != nil {
		b.note(fmt.Errorf("BMP %02x: %w", byte(tag), err))
		return b
	}
	return b.Raw(byte(tag)).Raw(head...).Raw(value...)
}

// head writes the length bytes of a field with n bytes.
func (t BMP) head(n int) ([]byte, error) {
	switch f, size := t.format(); f {
	case Fixed:
		if n != size {
			return nil, fmt.Errorf("%d bytes instead of %d: %w", n, size, ErrLength)
		}
		return nil, nil
	case LLVar:
		return varLength(n, 2)
	case LLLVar:
		return varLength(n, 3)
	case BER:
		if n > MaxData {
			return nil, ErrTooLong
		}
		return appendBERLength(nil, n), nil
	}
	return nil, fmt.Errorf("unknown format")
}

// Number adds a BCD field of fixed length: Amount in minor units, CurrencyCode, Trace, ReceiptNo, TerminalID, TimeOfDay
// as HHMMSS, MonthDay as MMDD.
func (b *Builder) Number(tag BMP, n uint64) *Builder {
	v, err := BCD(n, tag.fixed())
	b.note(err)
	return b.Field(tag, v...)
}

// Text adds a text field in CP437. Text for a field of fixed length is filled up with 00.
func (b *Builder) Text(tag BMP, text string) *Builder {
	v := EncodeText(text)
	for len(v) < tag.fixed() {
		v = append(v, 0)
	}
	return b.Field(tag, v...)
}

// TLV adds BMP 06 with objects that [AppendTLV] wrote.
func (b *Builder) TLV(objects []byte) *Builder { return b.Field(Container, objects...) }

// APDU is what was built. The error names the first value that did not fit.
func (b *Builder) APDU() (APDU, error) {
	if b.err == nil && len(b.apdu.Data) > MaxData {
		b.err = ErrTooLong
	}
	if b.err != nil {
		return APDU{}, fmt.Errorf("build %02x %02x: %w", b.apdu.Class, b.apdu.Instr, b.err)
	}
	return b.apdu, nil
}

func (b *Builder) note(err error) {
	if b.err == nil {
		b.err = err
	}
}
