package payload

import (
	"fmt"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// latin is the ISO 8859 part behind a character set number of EPC069-12; nil for 1, UTF-8.
func latin(number string) *charmap.Charmap {
	switch number {
	case "2":
		return charmap.ISO8859_1
	case "3":
		return charmap.ISO8859_2
	case "4":
		return charmap.ISO8859_4
	case "5":
		return charmap.ISO8859_5
	case "6":
		return charmap.ISO8859_7
	case "7":
		return charmap.ISO8859_10
	case "8":
		return charmap.ISO8859_15
	}
	return nil
}

// toCharset turns UTF-8 into the bytes of a numbered character set.
func toCharset(number, text string) (string, error) {
	c := latin(number)
	if c == nil {
		return text, nil
	}
	b, err := c.NewEncoder().String(text)
	if err != nil {
		return "", fmt.Errorf("character set %s cannot write %q", number, text)
	}
	return b, nil
}

// fromCharset turns the bytes of a numbered character set into UTF-8.
func fromCharset(number, text string) (string, error) {
	c := latin(number)
	if c == nil {
		if !utf8.ValidString(text) {
			return "", fmt.Errorf("it says UTF-8 and is not")
		}
		return text, nil
	}
	return c.NewDecoder().String(text)
}
