package zvt

import (
	"errors"
	"fmt"
)

// Bits of the configuration byte (PA00P015, registration). 01 and 40 are reserved.
const (
	printPayment byte = 0x02 // the till prints the receipts of payments
	printAdmin   byte = 0x04 // the till prints the receipts of an end of day and the like
	wantsStatus  byte = 0x08 // the terminal tells its progress (04 FF)
	noAmount     byte = 0x10 // no amount is entered at the terminal
	noMenu       byte = 0x20 // the terminal's own menu is blocked
	sendsText    byte = 0x80 // with one of the print bits: receipts come as 06 D1 or 06 D3

	reservedBits  byte = 0x41
	defaultConfig      = sendsText | noMenu | noAmount | wantsStatus | printAdmin | printPayment // be
)

// printsThroughUs says whether the terminal sends receipts as text, and a sale is complete for it only when that was
// answered too.
func (o options) printsThroughUs() bool {
	return o.config&sendsText != 0 && o.config&(printPayment|printAdmin) != 0
}

// configReaders read the options that stand for bits of the configuration byte, one by one or as a whole.
func (o *options) configReaders() map[string]func(string) error {
	var unused string
	printers := map[string]string{"till": "till", "terminal": "terminal", "result": "result"}
	return map[string]func(string) error{
		"config":         hexByte(&o.config),
		"receipts":       choice(&unused, printers),
		"admin_receipts": choice(&unused, printers),
		"progress":       o.bit(wantsStatus, "off", "on"),
		"amount_entry":   o.bit(noAmount, "allowed", "blocked"),
		"menu":           o.bit(noMenu, "allowed", "blocked"),
	}
}

// bit clears or sets a bit by a word.
func (o *options) bit(bit byte, clear, set string) func(string) error {
	return func(s string) error {
		switch s {
		case clear:
			o.config &^= bit
		case set:
			o.config |= bit
		default:
			return fmt.Errorf("%q is none of %s, %s", s, clear, set)
		}
		return nil
	}
}

// What can be wrong with options that are right one by one.
var (
	errConfigTwice = errors.New("option config stands for receipts, admin_receipts, progress, amount_entry and menu: give it or them")
	errReserved    = errors.New("option config sets bit 01 or 40, which are reserved")
	errMixed       = errors.New("options receipts and admin_receipts: one says till, the other result; a terminal sends the text of both or of none")
)

// configure makes the configuration byte of what was given (PA00P015, registration, table of the print bits).
func (o *options) configure(given map[string]string) error {
	_, whole := given["config"]
	for _, part := range []string{"receipts", "admin_receipts", "progress", "amount_entry", "menu"} {
		if _, both := given[part]; both && whole {
			return errConfigTwice
		}
	}
	if whole {
		if o.config&reservedBits != 0 {
			return errReserved
		}
		return nil
	}
	pay := given["receipts"]
	if pay == "" {
		pay = "till"
	}
	admin := given["admin_receipts"]
	if admin == "" {
		admin = pay
	}
	return o.print(pay, admin)
}

// print sets the print bits.
func (o *options) print(pay, admin string) error {
	if pay != admin && pay != "terminal" && admin != "terminal" {
		return errMixed
	}
	o.config &^= sendsText | printPayment | printAdmin
	if pay != "terminal" {
		o.config |= printPayment
	}
	if admin != "terminal" {
		o.config |= printAdmin
	}
	if pay == "till" || admin == "till" {
		o.config |= sendsText
	}
	return nil
}
