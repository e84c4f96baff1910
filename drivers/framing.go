package drivers

import (
	"fmt"
	"strings"
)

// Framed is the line with data bits, parity and stop bits as technicians write them, such as 8N1 or 7E1; the same line for "".
func (l Line) Framed(how string) (Line, error) {
	if how == "" {
		return l, nil
	}
	parities := map[string]Parity{"N": NoParity, "E": EvenParity, "O": OddParity}
	if len(how) == 3 {
		if parity, known := parities[strings.ToUpper(how[1:2])]; known && strings.Contains("78", how[:1]) && strings.Contains("12", how[2:]) {
			l.DataBits, l.Parity, l.StopBits = int(how[0]-'0'), parity, int(how[2]-'0')
			return l, nil
		}
	}
	return l, fmt.Errorf("%q is no framing of a serial line: 7 or 8 data bits, N, E or O for the parity, 1 or 2 stop bits, such as 8N1 or 7E1", how)
}
