package image

import "strings"

// Text draws two rows of modules in each line of characters, with a light margin of two modules. Light modules take the
// foreground colour, so that the symbol is dark on light on a dark terminal; with inverse the dark ones do, for a light
// terminal. The other way round no reader finds it. It takes Size + 4 columns and half as many lines.
func (s *Symbol) Text(inverse bool) string {
	var b strings.Builder
	b.Grow((s.size + 4) * (s.size + 5) * 3 / 2)
	for y := -QuietTerminal; y < s.size+QuietTerminal; y += 2 {
		for x := -QuietTerminal; x < s.size+QuietTerminal; x++ {
			upper := s.At(x, y) == inverse
			lower := y+1 < s.size+QuietTerminal && s.At(x, y+1) == inverse
			b.WriteString(block(upper, lower))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// block is the character of two modules one above the other.
func block(upper, lower bool) string {
	switch {
	case upper && lower:
		return "█"
	case upper:
		return "▀"
	case lower:
		return "▄"
	}
	return " "
}
