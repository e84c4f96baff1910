package scanner

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
)

// autoEncoding tries GB18030 and then Latin-1 for what is no UTF-8.
const autoEncoding = "auto"

// toText makes UTF-8 of a payload. Valid UTF-8 wins over any setting. What an encoding does not know becomes U+FFFD, and with auto the
// whole text is Latin-1 then, which knows every byte.
func toText(payload, name string) string {
	if utf8.ValidString(payload) {
		return payload
	}
	text, err := encodingOf(name).NewDecoder().String(payload)
	if name == autoEncoding && (err != nil || strings.ContainsRune(text, utf8.RuneError)) {
		text, err = charmap.ISO8859_1.NewDecoder().String(payload)
	}
	if err != nil {
		return strings.ToValidUTF8(payload, string(utf8.RuneError))
	}
	return text
}

func encodingOf(name string) encoding.Encoding {
	switch name {
	case "sjis":
		return japanese.ShiftJIS
	case "big5":
		return traditionalchinese.Big5
	case "latin1":
		return charmap.ISO8859_1
	}
	return simplifiedchinese.GB18030
}
