package hypercom

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tillproof/tillproof/drivers/stx"
)

// options are the understood settings of one terminal; the package comment describes them.
type options struct {
	profile profile
	cashier string
	receipt bool
	force   bool
	voided  bool // totals of sales contain what was voided
	ack     time.Duration
	answer  time.Duration
	running time.Duration
	busy    time.Duration
}

func defaults(p profile) options {
	return options{profile: p, receipt: true, ack: 3 * time.Second, answer: 180 * time.Second, running: 180 * time.Second, busy: 75 * time.Second}
}

// readers says how each option but the profile is read.
func (o *options) readers() map[string]func(string) error {
	p := &o.profile
	return map[string]func(string) error{
		"void_code":       code(&p.void.code),
		"refund_code":     code(&p.refund.code),
		"settlement_code": code(&p.settlement.code),
		"last_code":       o.readLast,
		"ping_code":       code(&p.ping.code),
		"cancel_code":     code(&p.cancel),
		"not_found_codes": list(&p.missing),
		"cancelled_codes": list(&p.aborted),
		"frame_length":    oneOf(func(i int) { p.form.Frame = []stx.Length{stx.BCD, stx.Binary}[i] }, "decimal", "binary"),
		"cashier":         o.readCashier,
		"receipt":         oneOf(func(i int) { o.receipt = i == 0 }, "yes", "no"),
		"force":           oneOf(func(i int) { o.force = i == 1 }, "no", "yes"),
		"voided_sales":    oneOf(func(i int) { o.voided = i == 1 }, "left_out", "counted"),
		"ack_s":           seconds(&o.ack, 1, 30),
		"answer_s":        seconds(&o.answer, 30, 3600),
		"running_s":       seconds(&o.running, 1, 3600),
		"busy_s":          seconds(&o.busy, 5, 900),
	}
}

// readOptions understands all options or fails, naming the first one that it does not.
func readOptions(given map[string]string) (options, error) {
	p, err := readProfile(given["profile"])
	if err != nil {
		return options{}, err
	}
	o := defaults(p)
	readers := o.readers()
	for _, name := range slices.Sorted(maps.Keys(given)) {
		read, known := readers[name]
		switch {
		case name == "profile":
			continue
		case !known:
			return options{}, fmt.Errorf("hypercom: unknown option %q (known: profile, %s)", name, strings.Join(slices.Sorted(maps.Keys(readers)), ", "))
		}
		if err := read(given[name]); err != nil {
			return options{}, fmt.Errorf("hypercom: option %s: %w", name, err)
		}
	}
	return o, nil
}

func readProfile(name string) (profile, error) {
	var known []string
	for _, p := range profiles() {
		if name == "" || name == p.name {
			return p, nil
		}
		known = append(known, p.name)
	}
	return profile{}, fmt.Errorf("hypercom: option profile: %q is none of %s", name, strings.Join(known, ", "))
}

// readLast sets the code of whichever question for a transaction the profile has.
func (o *options) readLast(s string) error {
	if o.profile.named {
		return code(&o.profile.byID.code)(s)
	}
	return code(&o.profile.byTrace.code)(s)
}

func (o *options) readCashier(s string) error {
	if len(s) > idLength || strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 || r > 0x7E }) {
		return errors.New("a cashier has at most 20 printable characters")
	}
	o.cashier = s
	return nil
}

// none is a code that the terminal does not have.
const none = "none"

// code reads a transaction's code.
func code(to *string) func(string) error {
	return func(s string) error {
		switch {
		case s == none:
			*to = ""
		case !isCode(s):
			return fmt.Errorf("%q is not two digits or capital letters, and not %s", s, none)
		default:
			*to = s
		}
		return nil
	}
}

// list reads codes with commas between them.
func list(to *[]string) func(string) error {
	return func(s string) error {
		codes := strings.Split(s, ",")
		if s == none {
			codes = nil
		}
		for _, c := range codes {
			if !isCode(c) || c == approvedCode {
				return fmt.Errorf("%q is no response code of two digits or capital letters that can mean this", c)
			}
		}
		*to = codes
		return nil
	}
}

// isCode says whether a text is the code of a transaction or of a response.
func isCode(s string) bool {
	return len(s) == 2 && strings.Trim(s, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// oneOf reads a word and tells which one of the known it is.
func oneOf(set func(int), words ...string) func(string) error {
	return func(s string) error {
		i := slices.Index(words, s)
		if i < 0 {
			return fmt.Errorf("%q is none of %s", s, strings.Join(words, ", "))
		}
		set(i)
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
