package scannersim

import (
	"fmt"
	"time"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
)

// Terminators that scanners can be set to.
const (
	CR    = "\r"
	LF    = "\n"
	CRLF  = "\r\n"
	CRCR  = "\r\r"
	Tab   = "\t"
	ETX   = "\x03"
	NoEnd = "none" // no terminator at all
)

// Options are how a scanner is set.
type Options struct {
	Prefix     string        // before each code, such as STX
	Terminator string        // behind each code; CR when empty
	AIM        bool          // an AIM identifier before each code
	DropGS     bool          // FNC1 inside GS1 data is not sent
	Encoding   string        // utf8 when empty, or gb18030, sjis, big5, latin1
	Baud       int           // pace of the line at 10 bits a byte; 0 for no pace
	Chunks     int           // a code is sent in so many pieces; below 2 in one
	Pause      time.Duration // between the pieces
	Replug     time.Duration // how long an unplugged scanner stays away; one second when 0
}

// withDefaults fills in what is left out.
func (o Options) withDefaults() Options {
	switch o.Terminator {
	case "":
		o.Terminator = CR
	case NoEnd:
		o.Terminator = ""
	}
	o.Chunks = max(o.Chunks, 1)
	if o.Replug == 0 {
		o.Replug = time.Second
	}
	return o
}

// encodingOf finds an encoding; nil leaves UTF-8 as it is.
func encodingOf(name string) (encoding.Encoding, error) {
	switch name {
	case "", "utf8":
		return nil, nil
	case "gb18030":
		return simplifiedchinese.GB18030, nil
	case "sjis":
		return japanese.ShiftJIS, nil
	case "big5":
		return traditionalchinese.Big5, nil
	case "latin1":
		return charmap.ISO8859_1, nil
	}
	return nil, fmt.Errorf("the simulated scanner knows no encoding %q", name)
}
