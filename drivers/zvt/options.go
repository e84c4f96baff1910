package zvt

import (
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tillproof/tillproof/drivers/zvt/codec"
)

// options are the understood settings of one terminal; the package comment describes them.
type options struct {
	password       uint64
	config         byte
	service        byte
	paymentType    byte
	resultTimeout  byte          // seconds, 0 when not sent
	diagnosis      byte          // TLV 1B, 0 when not sent
	columns        uint64        // of the till's printer (TLV 12), 0 when not sent
	charset        codec.Charset // wished for
	wishesCharset  bool
	partialAllowed bool // TLV 1F70
	tellsUnused    bool // a booking is 06 23 with the amount that is not used
	keepsOpen      bool // an end of day does not ask for open reservations
	numbersOff     bool // no message ids (TLV 1F73)
	t3, t4         time.Duration
}

func defaults() options {
	return options{config: defaultConfig, service: 0x01, paymentType: 0x40, t3: 5 * time.Second, t4: 180 * time.Second}
}

// readers says how each option is read.
func (o *options) readers() map[string]func(string) error {
	readers := map[string]func(string) error{
		"password":          o.readPassword,
		"service":           hexByte(&o.service),
		"payment_type":      hexByte(&o.paymentType),
		"result_timeout_s":  o.readResultTimeout,
		"diagnosis":         choice(&o.diagnosis, diagnoses()),
		"printer_columns":   o.readColumns,
		"charset":           o.readCharset,
		"partial_approval":  choice(&o.partialAllowed, map[string]bool{"off": false, "on": true}),
		"booking":           choice(&o.tellsUnused, map[string]bool{"book_total": false, "partial_reversal": true}),
		"open_reservations": choice(&o.keepsOpen, map[string]bool{"settle_first": false, "keep": true}),
		"message_ids":       choice(&o.numbersOff, map[string]bool{"auto": false, "off": true}),
		"t3_s":              seconds(&o.t3, 1, 60),
		"t4_s":              seconds(&o.t4, 5, 3600),
	}
	maps.Copy(readers, o.configReaders())
	return readers
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
	if err := o.configure(given); err != nil {
		return options{}, fmt.Errorf("zvt: %w", err)
	}
	return o, nil
}

// diagnoses are the types of a diagnosis (PA00P015, diagnosis, TLV 1B); plain sends none.
func diagnoses() map[string]byte {
	return map[string]byte{"plain": 0, "line": 1, "extended": 2, "configuration": 3, "emv": 4, "ep2": 5}
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

func (o *options) readColumns(s string) error {
	n, err := strconv.ParseUint(s, 10, 8)
	if err != nil || n < 16 || n > 99 {
		return fmt.Errorf("%q is not a number from 16 to 99", s)
	}
	o.columns = n
	return nil
}

func (o *options) readCharset(s string) error {
	o.wishesCharset = true
	return choice(&o.charset, map[string]codec.Charset{
		"cp437": codec.CP437, "ascii": codec.ASCII, "iso-8859-1": codec.Latin1, "iso-8859-15": codec.Latin9, "utf-8": codec.UTF8,
	})(s)
}

// choice reads one of some words.
func choice[T any](to *T, words map[string]T) func(string) error {
	return func(s string) error {
		v, known := words[s]
		if !known {
			return fmt.Errorf("%q is none of %s", s, strings.Join(slices.Sorted(maps.Keys(words)), ", "))
		}
		*to = v
		return nil
	}
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
