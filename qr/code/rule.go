package code

import (
	"encoding/base64"
	"strings"

	"github.com/tillproof/tillproof/drivers/scanner/gs1"
)

// Form is what the characters of a scheme's codes are.
type Form string

// The forms. Text may be anything behind its prefix: what looks like a card wallet's code is treated as a secret even when it is
// damaged. The layouts are binary, raw or in base64.
const (
	Digits         Form = "digits"
	Alphanumeric   Form = "alphanumeric"
	Text           Form = "text"
	MOTLayout      Form = "mot_layout"
	UnionPayLayout Form = "unionpay_layout"
)

// Rule is one row of a [Table].
type Rule struct {
	Scheme      Scheme
	Name        string // for the cashier
	Form        Form
	Prefixes    []string // one of them must stand first; the layouts need none
	Least, Most int      // length in characters, prefix included
	Enabled     bool
}

// matches judges a trimmed text; a binary layout may end in what looks like a terminator, so it is looked for in the text as it came.
func (r Rule) matches(text, untrimmed string) bool {
	switch r.Form {
	case MOTLayout:
		return isMOT([]byte(untrimmed)) || isMOT(unbase64(text))
	case UnionPayLayout:
		return isUnionPayTransit(unbase64(text))
	}
	return len(text) >= r.Least && len(text) <= r.Most && r.Form.holds(text) && r.hasPrefix(text)
}

func (r Rule) hasPrefix(text string) bool {
	for _, p := range r.Prefixes {
		if strings.HasPrefix(text, p) {
			return true
		}
	}
	return false
}

func (f Form) holds(text string) bool {
	switch f {
	case Digits:
		return gs1.Digits(text)
	case Alphanumeric:
		return !strings.ContainsFunc(text, func(r rune) bool {
			return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
		})
	}
	return f == Text
}

// unbase64 decodes a text, nil when it is not base64 (RFC 4648 §4, with padding).
func unbase64(text string) []byte {
	if strings.ContainsAny(text, "\r\n") {
		return nil
	}
	b, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil
	}
	return b
}

// isMOT recognises the transit code of the Chinese Ministry of Transport: version 80 or 81, the length of the rest in two bytes, and
// the issuer's certificate, which begins with 24.
func isMOT(b []byte) bool {
	return len(b) > 3 && (b[0] == 0x80 || b[0] == 0x81) && int(b[1])<<8|int(b[2]) == len(b)-3 && b[3] == 0x24
}

// Places in the transit code of UnionPay.
const (
	unionPayCustom    = 40 // length of what the operator adds
	unionPaySignature = 65
)

// isUnionPayTransit recognises the transit code of UnionPay: version 02 and a length that fits.
func isUnionPayTransit(b []byte) bool {
	return len(b) > unionPayCustom && b[0] == 0x02 && len(b) == unionPayCustom+1+int(b[unionPayCustom])+unionPaySignature
}
