package zvt

import (
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// options are the understood settings of one terminal; the package comment describes them.
type options struct {
	password      uint64
	config        byte
	service       byte
	paymentType   byte
	resultTimeout byte // seconds, 0 when not sent
	t3, t4        time.Duration
}

// Bits of the configuration byte (PA00P015, registration).
const (
	printPayment byte = 0x02
	printAdmin   byte = 0x04
	sendsText    byte = 0x80 // with one of the print bits: receipts come as 06 D1 or 06 D3
)

func defaults() options {
	return options{config: 0xBE, service: 0x01, paymentType: 0x40, t3: 5 * time.Second, t4: 180 * time.Second}
}

// printsThroughUs says whether the terminal sends receipts as text, and a sale is complete for it only when that was
// answered too.
func (o options) printsThroughUs() bool {
	return o.config&sendsText != 0 && o.config&(printPayment|printAdmin) != 0
}

// readers says how each option is read.
func (o *options) readers() map[string]func(string) error {
	return map[string]func(string) error{
		"password":         o.readPassword,
		"config":           hexByte(&o.config),
		"service":          hexByte(&o.service),
		"payment_type":     hexByte(&o.paymentType),
		"result_timeout_s": o.readResultTimeout,
		"t3_s":             seconds(&o.t3, 1, 60),
		"t4_s":             seconds(&o.t4, 5, 3600),
	}
}

// readOptions understands all options or fails, naming the first one that it does not.
func readOptions(given map[string]string) (options, error) {
	o := defaults()
	readers := o.readers()
	for _, name := range slices.Sorted(maps.Keys(given)) {
		read, known := readers[name]
		if !known {
			return options{}, fmt.Errorf("zvt: unknown option %q (known: %s)", name, strings.Join(slices.Sorted(maps.Keys(readers)), ", "))
		}
		if err := read(given[name]); err != nil {
			return options{}, fmt.Errorf("zvt: option %s: %w", name, err)
		}
	}
	return o, nil
}

func (o *options) readPassword(s string) error {
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil || len(s) != 6 {
		return fmt.Errorf("not six digits")
	}
	o.password = n
	return nil
}

func (o *options) readResultTimeout(s string) error {
	n, err := strconv.ParseUint(s, 10, 8)
	if err != nil || n == 0 {
		return fmt.Errorf("%q is not a number from 1 to 255", s)
	}
	o.resultTimeout = byte(n)
	return nil
}

func hexByte(to *byte) func(string) error {
	return func(s string) error {
		b, err := hex.DecodeString(s)
		if err != nil || len(b) != 1 {
			return fmt.Errorf("%q is not two hex digits", s)
		}
		*to = b[0]
		return nil
	}
}

func seconds(to *time.Duration, least, most int) func(string) error {
	return func(s string) error {
		n, err := strconv.Atoi(s)
		if err != nil || n < least || n > most {
			return fmt.Errorf("%q is not a number from %d to %d", s, least, most)
		}
		*to = time.Duration(n) * time.Second
		return nil
	}
}
