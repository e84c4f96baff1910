package transbank

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tillproof/tillproof/pos"
)

// options are the understood settings of one terminal; the package comment describes them.
type options struct {
	kiosk      bool // profile self_service
	padded     bool
	noFinalBar bool
	noProgress bool
	least      pos.Minor
	commerce   string // "" for a terminal with one merchant
	ack        time.Duration
	reply      time.Duration
	busy       time.Duration
	baseline   string
	checkVoid  bool
	proveVoid  bool
	printsSlip bool // voucher terminal
}

// Where the base line of an opening comes from.
const (
	fromDetail = "detail"
	fromLast   = "last"
	fromNone   = "none"
)

func defaults() options {
	return options{least: 50, ack: 2 * time.Second, reply: 180 * time.Second, busy: 75 * time.Second, baseline: fromDetail, checkVoid: true}
}

// readers says how each option is read.
func (o *options) readers() map[string]func(string) error {
	return map[string]func(string) error{
		"profile":      choice(&o.kiosk, "pos", "self_service"),
		"amount":       choice(&o.padded, "plain", "padded"),
		"final_bar":    choice(&o.noFinalBar, "yes", "no"),
		"progress":     choice(&o.noProgress, "yes", "no"),
		"least_amount": o.readLeast,
		"commerce":     o.readCommerce,
		"ack_s":        seconds(&o.ack, 1, 10),
		"reply_s":      seconds(&o.reply, 30, 900),
		"busy_s":       seconds(&o.busy, 10, 900),
		"baseline":     o.readBaseline,
		"void_check":   choice(&o.checkVoid, "none", "detail"),
		"void_proof":   choice(&o.proveVoid, "none", "detail"),
		"voucher":      choice(&o.printsSlip, "till", "terminal"),
	}
}

// readOptions understands all options or fails, naming the first one that it does not.
func readOptions(given map[string]string) (options, error) {
	o := defaults()
	readers := o.readers()
	for _, name := range slices.Sorted(maps.Keys(given)) {
		read, known := readers[name]
		if !known {
			return options{}, fmt.Errorf("transbank: unknown option %q (known: %s)", name, strings.Join(slices.Sorted(maps.Keys(readers)), ", "))
		}
		if err := read(given[name]); err != nil {
			return options{}, fmt.Errorf("transbank: option %s: %w", name, err)
		}
	}
	if o.kiosk && given["baseline"] == "" {
		o.baseline = fromLast
	}
	return o, o.fit()
}

// fit looks for options that exclude each other.
func (o *options) fit() error {
	switch {
	case o.kiosk && (o.baseline == fromDetail || o.proveVoid):
		return fmt.Errorf("transbank: profile self_service has no list of sales: baseline is last or none, void_proof is none")
	case o.kiosk && o.commerce != "":
		return fmt.Errorf("transbank: profile self_service has no sub-merchants: leave commerce out")
	}
	return nil
}

// choice reads one of two words; the second sets the flag.
func choice(to *bool, off, on string) func(string) error {
	return func(s string) error {
		if s != off && s != on {
			return fmt.Errorf("%q is neither %s nor %s", s, off, on)
		}
		*to = s == on
		return nil
	}
}

func (o *options) readLeast(s string) error {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > 999_999 {
		return fmt.Errorf("%q is not a number from 1 to 999999", s)
	}
	o.least = pos.Minor(n)
	return nil
}

func (o *options) readCommerce(s string) error {
	if len(s) != 12 || strings.Trim(s, "0123456789") != "" {
		return fmt.Errorf("%q is not twelve digits", s)
	}
	o.commerce = s
	return nil
}

func (o *options) readBaseline(s string) error {
	if s != fromDetail && s != fromLast && s != fromNone {
		return fmt.Errorf("%q is none of %s, %s, %s", s, fromDetail, fromLast, fromNone)
	}
	o.baseline = s
	return nil
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
