package image

import (
	"fmt"
	"io"
)

// SVG draws in units of one module, light margin included, as one path on a light ground. It takes the room that the page gives
// it: a multiple of Size + 8 pixels keeps the modules even. It has no script, style or foreign part, so that it may stand in a
// page with a strict content security policy.
func (s *Symbol) SVG(w io.Writer) error {
	return s.writeSVG(w, s.side(), "", "")
}

// SVGIn announces a picture of exactly side pixels: the symbol in its middle with the largest whole modules that fit, light
// around it. A [TooSmallError] says what is needed instead.
func (s *Symbol) SVGIn(w io.Writer, side int) error {
	k, err := s.fit(side, MinPixels)
	if err != nil {
		return err
	}
	before := (side-k*s.size)/2 - k*Quiet
	return s.writeSVG(w, side, fmt.Sprintf(` width="%d" height="%d"`, side, side),
		fmt.Sprintf(` transform="translate(%d %d) scale(%d)"`, before, before, k))
}

// writeSVG draws on a square of side units; place moves the modules there.
func (s *Symbol) writeSVG(w io.Writer, side int, size, place string) error {
	b := make([]byte, 0, 64*s.size)
	b = fmt.Appendf(b, `<svg xmlns="http://www.w3.org/2000/svg"%s viewBox="0 0 %d %d" shape-rendering="crispEdges">`, size, side, side)
	b = fmt.Appendf(b, `<rect width="%d" height="%d" fill="#fff"/><path fill="#000"%s d="`, side, side, place)
	b = s.appendPath(b)
	_, err := w.Write(append(b, "\"/></svg>\n"...))
	return err
}

// appendPath draws every run of dark modules of a row as one rectangle, one module high.
func (s *Symbol) appendPath(b []byte) []byte {
	for y := range s.size {
		for x := 0; x < s.size; x++ {
			run := 0
			for s.At(x+run, y) {
				run++
			}
			if run > 0 {
				b = fmt.Appendf(b, "M%d %dh%dv1h-%dz", x+Quiet, y+Quiet, run, run)
				x += run
			}
		}
	}
	return b
}
