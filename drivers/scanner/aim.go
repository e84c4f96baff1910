package scanner

import "github.com/tillproof/tillproof/drivers/scanner/gs1"

// cutAIM takes an AIM identifier (ISO/IEC 15424) off: "]", a letter for the symbology and a modifier. A code that begins with "]" and
// no known letter has none.
func cutAIM(code string) (aim, payload string) {
	if len(code) < 3 || code[0] != ']' || !isModifier(code[2]) || symbology(code[:3]) == "" {
		return "", code
	}
	return code[:3], code[3:]
}

func isModifier(b byte) bool {
	return b >= '0' && b <= '9' || b >= 'A' && b <= 'Z' || b >= 'a' && b <= 'z'
}

// symbology names what an AIM identifier stands for, "" when it is unknown.
func symbology(aim string) string {
	name := symbologyOfLetter(aim[1])
	switch {
	case aim == "]E0":
		return "ean_13"
	case aim == "]E4":
		return "ean_8"
	case gs1.CarriesGS1(aim) && aim[1] != 'e':
		if aim[1] == 'C' {
			return "gs1_128"
		}
		return "gs1_" + name
	}
	return name
}

func symbologyOfLetter(letter byte) string {
	switch letter {
	case 'A':
		return "code_39"
	case 'C':
		return "code_128"
	case 'E':
		return "ean_upc"
	case 'F':
		return "codabar"
	case 'G':
		return "code_93"
	case 'H':
		return "code_11"
	case 'I':
		return "itf"
	case 'J':
		return "dotcode"
	case 'L':
		return "pdf417"
	case 'M':
		return "msi"
	case 'Q':
		return "qr"
	case 'R', 'S':
		return "two_of_five"
	case 'U':
		return "maxicode"
	case 'X':
		return "other"
	case 'd':
		return "data_matrix"
	case 'e':
		return "gs1_databar"
	case 'h':
		return "han_xin"
	case 'z':
		return "aztec"
	}
	return ""
}
