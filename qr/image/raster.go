package image

// maxDots is the widest picture that the command can announce lines for.
const maxDots = 0xFFFF

// Raster draws for a printer head of so many dots: the bytes of one ESC/POS command GS v 0 (1D 76 30 00 xL xH yL yH and rows of
// bits, 1 prints, the left dot in the highest bit), with modules of the largest whole number of dots that fits, [MinDots] or
// more. The picture is as wide as symbol and light margin and not as the head, since every byte costs time on a serial line:
// centre it with ESC a 1. A [TooSmallError] says how many dots are needed.
func (s *Symbol) Raster(dots int) ([]byte, error) {
	k, err := s.fit(min(dots, maxDots), MinDots)
	if err != nil {
		return nil, err
	}
	side := k * s.side()
	width := (side + 7) / 8
	out := make([]byte, 0, 8+width*side)
	out = append(out, 0x1D, 'v', '0', 0, byte(width), byte(width>>8), byte(side), byte(side>>8))
	row := make([]byte, width)
	for y := -Quiet; y < s.size+Quiet; y++ {
		clear(row)
		for dot := range side {
			if s.At(dot/k-Quiet, y) {
				row[dot/8] |= 0x80 >> (dot % 8)
			}
		}
		for range k {
			out = append(out, row...)
		}
	}
	return out, nil
}
