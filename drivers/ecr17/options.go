package ecr17

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tillproof/tillproof/drivers/ecr17/codec"
	"github.com/tillproof/tillproof/drivers/stx"
)

// options are the understood settings of one terminal; the package comment describes them.
type options struct {
	terminalID  string
	register    uint64
	scope       stx.Scope
	probes      bool // the scope is to be found out
	plain       bool // P instead of X
	kind        uint64
	toUs        bool // receipts come as texts
	checkAlways bool
	ack         time.Duration
	result      time.Duration
	running     time.Duration
}

func defaults() options {
	return options{terminalID: codec.AnyTerminal, register: 1, probes: true, checkAlways: true,
		ack: 2 * time.Second, result: 180 * time.Second, running: 180 * time.Second}
}

// readers says how each option is read.
func (o *options) readers() map[string]func(string) error {
	return map[string]func(string) error{
		"terminal_id": o.readTerminal,
		"register":    o.readRegister,
		"lrc_scope":   o.readScope,
		"payment":     oneOf(func(i int) { o.plain = i == 1 }, "extended", "plain"),
		"card_kind":   oneOf(func(i int) { o.kind = uint64(i) }, "auto", "debit", "credit", "other"), // by their numbers in P and X
		"receipts":    oneOf(func(i int) { o.toUs = i == 1 }, "terminal", "till"),
		"check":       oneOf(func(i int) { o.checkAlways = i == 0 }, "always", "repeats"),
		"ack_s":       seconds(&o.ack, 1, 30),
		"result_s":    seconds(&o.result, 30, 3600),
		"running_s":   seconds(&o.running, 1, 3600),
	}
}

// readOptions understands all options or fails, naming the first one that it does not.
func readOptions(given map[string]string) (options, error) {
	o := defaults()
	readers := o.readers()
	for _, name := range slices.Sorted(maps.Keys(given)) {
		read, known := readers[name]
		if !known {
			return options{}, fmt.Errorf("ecr17: unknown option %q (known: %s)", name, strings.Join(slices.Sorted(maps.Keys(readers)), ", "))
		}
		if err := read(given[name]); err != nil {
			return options{}, fmt.Errorf("ecr17: option %s: %w", name, err)
		}
	}
	return o, nil
}

func (o *options) readTerminal(s string) error {
	if len(s) != 8 || !digits(s) {
		return fmt.Errorf("%q is not eight digits", s)
	}
	o.terminalID = s
	return nil
}

func (o *options) readRegister(s string) (err error) {
	if len(s) != 8 || !digits(s) {
		return fmt.Errorf("%q is not eight digits", s)
	}
	o.register, err = strconv.ParseUint(s, 10, 32)
	return err
}

func (o *options) readScope(s string) error {
	if o.probes = s == "probe"; o.probes {
		return nil
	}
	names := []string{"probe"}
	for _, scope := range stx.Scopes() {
		if o.scope = scope; scope.String() == s {
			return nil
		}
		names = append(names, scope.String())
	}
	return fmt.Errorf("%q is none of %s", s, strings.Join(names, ", "))
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
