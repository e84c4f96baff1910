package scannersim

import "strings"

// fnc1 is FNC1 as scanners send it, and as callers write it: at the begin of a text it makes GS1 data of it.
const fnc1 = "\x1d"

// encode makes the bytes that the scanner sends for a text.
func (s *Scanner) encode(text string) ([]byte, error) {
	aim, payload := s.aim(text), text
	if s.options.AIM {
		payload = strings.TrimPrefix(payload, fnc1) // the identifier tells of it
	}
	if s.options.DropGS {
		payload = strings.ReplaceAll(payload, fnc1, "")
	}
	if s.encoding != nil {
		encoded, err := s.encoding.NewEncoder().String(payload)
		if err != nil {
			return nil, err
		}
		payload = encoded
	}
	return []byte(s.options.Prefix + aim + payload + s.options.Terminator), nil
}

// aim chooses the identifier by what a text looks like: EAN-13 or EAN-8, GS1-128, or else a QR code.
func (s *Scanner) aim(text string) string {
	digits := strings.Trim(text, "0123456789") == ""
	switch {
	case !s.options.AIM:
		return ""
	case digits && len(text) == 13:
		return "]E0"
	case digits && len(text) == 8:
		return "]E4"
	case strings.HasPrefix(text, fnc1):
		return "]C1"
	}
	return "]Q1"
}
