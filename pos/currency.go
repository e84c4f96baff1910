package pos

import (
	"fmt"
	"sort"
	"strconv"
)

// Currency is an ISO 4217 alphabetic code in capitals, such as EUR.
type Currency string

// entryLen is the length of one currency in iso4217: three letters, three digits, one digit.
const entryLen = 7

// ParseCurrency accepts exactly the codes of ISO 4217 that can be paid in.
func ParseCurrency(s string) (Currency, error) {
	if c := Currency(s); c.Known() {
		return c, nil
	}
	return "", fmt.Errorf("%q is not an ISO 4217 currency", s)
}

// CurrencyByNumber finds a currency by its numeric code, as card terminals send it (978 is EUR).
func CurrencyByNumber(numeric int) (Currency, bool) {
	for at := 0; at < len(iso4217); at += entryLen {
		if digits(iso4217[at+3:at+6]) == numeric {
			return Currency(iso4217[at : at+3]), true
		}
	}
	return "", false
}

// Known says whether ISO 4217 lists the currency.
func (c Currency) Known() bool { return c.entry() != "" }

// Exponent is the number of decimals of the minor unit: 2 for EUR, 0 for JPY, 3 for KWD. It is 0 for an unknown currency.
func (c Currency) Exponent() int {
	if e := c.entry(); e != "" {
		return digits(e[6:])
	}
	return 0
}

// Numeric is the ISO 4217 numeric code, 1-999, and 0 for an unknown currency.
func (c Currency) Numeric() int {
	if e := c.entry(); e != "" {
		return digits(e[3:6])
	}
	return 0
}

// entry is the currency's place in iso4217, "" when it is not listed.
func (c Currency) entry() string {
	n := len(iso4217) / entryLen
	i := sort.Search(n, func(i int) bool { return iso4217[i*entryLen:i*entryLen+3] >= string(c) })
	if i == n || iso4217[i*entryLen:i*entryLen+3] != string(c) {
		return ""
	}
	return iso4217[i*entryLen : (i+1)*entryLen]
}

// digits reads a decimal that the table guarantees to be one.
func digits(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		panic("pos: iso4217 is damaged: " + err.Error())
	}
	return n
}
