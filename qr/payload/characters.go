package payload

func isDigit(c byte) bool      { return c >= '0' && c <= '9' }
func isUpperAlnum(c byte) bool { return isDigit(c) || c >= 'A' && c <= 'Z' }
func isAlnum(c byte) bool      { return isUpperAlnum(c) || c >= 'a' && c <= 'z' }

// isPrintable is the format ans of the standard (§4.5, EMV Book 4 Annex B): 20 to 7E.
func isPrintable(c byte) bool { return c >= 0x20 && c <= 0x7E }

// isText is anything but control characters; bytes of UTF-8 pass.
func isText(c byte) bool { return c >= 0x20 && c != 0x7F }

// isAny leaves the judgement to the scheme.
func isAny(byte) bool { return true }

func only(s string, allowed func(byte) bool) bool {
	for i := range len(s) {
		if !allowed(s[i]) {
			return false
		}
	}
	return true
}

// The values that several EMVCo schemes share.
func nameValue(required bool) Value {
	return Value{Name: "name", Doc: "merchant name, at most 25 characters", Required: required, Min: 1, Max: 25}
}

func cityValue(required bool) Value {
	return Value{Name: "city", Doc: "merchant city, at most 15 characters", Required: required, Min: 1, Max: 15}
}

func categoryValue() Value {
	return Value{Name: "mcc", Doc: "merchant category of ISO 18245, four digits", Default: "0000", Min: 4, Max: 4, allowed: isDigit}
}
