package image

import (
	"errors"
	"fmt"

	"github.com/skip2/go-qrcode"
)

// Light margins around a symbol, in modules.
const (
	Quiet         = 4 // ISO/IEC 18004 §9.1
	QuietTerminal = 2 // was enough on terminals, where every cell counts
)

// The smallest modules that readers manage.
const (
	MinPixels = 2 // on a screen
	MinDots   = 3 // on thermal paper of 203 dots an inch, where dots bleed
)

var (
	// ErrNotASCII means that the text has characters which could not be marked as UTF-8 in the symbol (EMVCo QRCPS-MPM
	// §4.12.1.2 wants ECI 26). Nothing is to be shown; no money moves.
	ErrNotASCII = errors.New("the text has characters outside ASCII, which this symbol could not mark as UTF-8")

	// ErrText means that the text is empty or longer than a symbol holds: 2331 bytes at level M, more if it is mostly digits.
	ErrText = errors.New("the text does not fit into a symbol")
)

// TooSmallError means that whole modules do not fit into the room that was given. Smaller ones are never drawn.
type TooSmallError struct {
	Room int // pixels or dots given
	Need int // pixels or dots needed
}

// Error says what is needed.
func (e *TooSmallError) Error() string {
	return fmt.Sprintf("%d pixels are too few for this code: it needs %d", e.Room, e.Need)
}

// Symbol is a QR symbol at error correction level M. It is immutable and safe for concurrent use.
type Symbol struct {
	size int
	dark []bool // row by row
}

// New encodes a text of ASCII. See [ErrNotASCII] and [ErrText].
func New(text string) (*Symbol, error) {
	for i := range len(text) {
		if text[i] >= 0x80 {
			return nil, fmt.Errorf("%w: byte %d", ErrNotASCII, i)
		}
	}
	q, err := qrcode.New(text, qrcode.Medium)
	if err != nil {
		return nil, fmt.Errorf("%w: %d bytes (%w)", ErrText, len(text), err)
	}
	q.DisableBorder = true // has no effect behind the first drawing
	rows := q.Bitmap()
	s := &Symbol{size: len(rows), dark: make([]bool, 0, len(rows)*len(rows))}
	for _, row := range rows {
		s.dark = append(s.dark, row...)
	}
	return s, nil
}

// Size is the side in modules without the light margin: 17 + 4 x version, 21 to 177.
func (s *Symbol) Size() int { return s.size }

// At says whether a module is dark. Outside the symbol everything is light.
func (s *Symbol) At(x, y int) bool {
	return x >= 0 && y >= 0 && x < s.size && y < s.size && s.dark[y*s.size+x]
}

// Fit is the largest whole number of pixels a module for a symbol of this size, with its light margin, in the room; it may be 0.
func Fit(room, size int) int { return room / (size + 2*Quiet) }

// fit is Fit, with an error below the least that readers manage.
func (s *Symbol) fit(room, least int) (int, error) {
	if k := Fit(room, s.size); k >= least {
		return k, nil
	}
	return 0, &TooSmallError{Room: room, Need: least * s.side()}
}

// side is the side in modules with the light margin.
func (s *Symbol) side() int { return s.size + 2*Quiet }
