package idtech

import (
	"context"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/idtech/codec"
)

// Driver describes the driver for the list of drivers: name "idtech", 9600 baud 8N1.
func Driver() drivers.Driver {
	return drivers.Driver{
		Name:          "idtech",
		Kind:          drivers.KindReader,
		Doc:           "Card readers that encrypt at their head (ID TECH SecureMag, SecureHead and relatives; NEO 2, ViVOpay for chip and contactless), serial",
		Line:          drivers.Line{Baud: 9600, DataBits: 8, Parity: drivers.NoParity, StopBits: 1},
		NewCardReader: newReader,
	}
}

// head is what readers of both protocols have: a wire, and what is known of who speaks there. It is used by one goroutine.
type head struct {
	conn    drivers.Conn
	wire    *drivers.Reader
	options options
	proven  bool   // Open has found that the reader encrypts
	foreign bool   // bytes came that are none of this family's
	serial  string // as the reader tells it, "" when it does not
	last    []byte // key serial number of the last swipe, or of the one before the next as Open was told
	swiped  bool   // last comes of a swipe
	damaged int    // swipes that were dropped because of the line
}

// reader is one encrypting stripe reader on one wire. It starts no goroutine.
type reader struct {
	*head
	decoder codec.Decoder // of what comes; holds card data only while a frame is being read
}

func newReader(conn drivers.Conn, settings drivers.Settings) (drivers.CardReader, error) {
	o, err := readOptions(settings.Options)
	if err != nil {
		return nil, err
	}
	h := &head{conn: conn, wire: drivers.NewReader(conn), options: o}
	switch o.protocol {
	case neo2Protocol:
		return newNeo(h), nil
	case autoProtocol:
		return newEither(h), nil
	}
	return &reader{head: h}, nil
}

// Close wipes what has come of a swipe. The reader goes on by itself; it needs no log-off.
func (r *reader) Close(context.Context) error {
	r.proven = false
	r.decoder.Wipe()
	return nil
}
