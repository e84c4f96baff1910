package zvt

import (
	"slices"
	"strings"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/zvt/codec"
)

// Print attributes (PA00P015, print line): bit 80 together with any other bit marks the last line of a receipt. FF feeds lines.
const (
	lastLine   byte = 0x80
	lineFeeds  byte = 0xFF
	indentBits byte = 0x0F
	fontBits   byte = 0x70
)

// maxLines bounds what one sale may print; further lines are dropped. Two receipts have about a hundred.
const maxLines = 2000

// receipts collects the print commands 06 D1 and 06 D3 of one sale and cuts them into receipts.
type receipts struct {
	charset codec.Charset // as agreed at the registration
	done    []drivers.Receipt
	now     drivers.Receipt
	lines   int
}

// line takes 06 D1: attribute and text. It names no reader. Attribute FF feeds as many lines as the first text byte
// says, one without text.
func (r *receipts) line(data []byte) {
	if len(data) == 0 {
		return
	}
	attribute, text := data[0], data[1:]
	if attribute == lineFeeds {
		feeds := 1
		if len(text) > 0 {
			feeds = int(text[0])
		}
		r.feed(feeds)
		return
	}
	r.add(attribute, text)
}

// block takes 06 D3: a container with the receipt's type (1F07) and its lines (25). An attribute holds for all lines
// until the next one.
func (r *receipts) block(data []byte) {
	fields, _, _ := codec.ParseFields(data)
	tlv := fields.TLV()
	if kind, ok := tlv.Byte(codec.TagReceiptType); ok {
		r.begin(readerOf(kind))
	}
	agreed := r.charset
	defer func() { r.charset = agreed }()
	r.charset = blockCharset(agreed, tlv) // of this block only
	attribute, feeding := byte(0), false
	tlv.Walk(func(o codec.Object) bool {
		switch {
		case o.Tag == codec.TagAttribute && len(o.Value) == 1:
			attribute = o.Value[0]
			feeding = attribute == lineFeeds
		case o.Tag == codec.TagTextLine && attribute == lineFeeds && len(o.Value) <= 1:
			r.feed(1)
			feeding = false
		case o.Tag == codec.TagTextLine && attribute == lineFeeds: // words are not lost for it: a line of text feeds too
			r.add(0, o.Value)
			feeding = false
		case o.Tag == codec.TagTextLine:
			r.add(attribute, o.Value)
		}
		return true
	})
	if feeding {
		r.cut()
	}
}

// blockCharset is the set of a message's texts: the agreed one, unless the message names another (TLV 14).
func blockCharset(agreed codec.Charset, tlv codec.Objects) codec.Charset {
	if code, ok := tlv.Byte(codec.TagCharset); ok {
		agreed, _ = codec.CharsetOf(code)
	}
	return agreed
}

// readerOf reads TLV 1F07.
func readerOf(kind byte) drivers.ReceiptFor {
	switch kind {
	case 0x01:
		return drivers.ForMerchant
	case 0x02:
		return drivers.ForCustomer
	}
	return drivers.ForAnyone
}

// begin names the reader of what follows; another reader means another receipt.
func (r *receipts) begin(reader drivers.ReceiptFor) {
	if len(r.now.Lines) > 0 && r.now.For != reader {
		r.cut()
	}
	r.now.For = reader
}

func (r *receipts) add(attribute byte, text []byte) {
	indent := 0
	if attribute&(fontBits|lastLine) == 0 {
		indent = int(attribute & indentBits)
	}
	r.put(strings.Repeat(" ", indent) + safeText(r.charset, text))
	if attribute&lastLine != 0 && attribute != lastLine {
		r.cut()
	}
}

func (r *receipts) feed(n int) {
	for range n {
		r.put("")
	}
}

func (r *receipts) put(line string) {
	if r.lines++; r.lines <= maxLines {
		r.now.Lines = append(r.now.Lines, strings.TrimRight(line, " "))
	}
}

// cut ends the receipt. One without a single character is none: terminals feed lines between receipts.
func (r *receipts) cut() {
	if slices.ContainsFunc(r.now.Lines, func(s string) bool { return s != "" }) {
		if r.now.For == "" {
			r.now.For = drivers.ForAnyone
		}
		r.done = append(r.done, r.now)
	}
	r.now = drivers.Receipt{}
}

// all ends what is open and returns the receipts in the order of printing.
func (r *receipts) all() []drivers.Receipt {
	r.cut()
	return r.done
}
