package scanner

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// options are the understood settings of one scanner; the package comment describes them.
type options struct {
	terminator terminator
	idle       time.Duration
	flow       bool // 11 and 13 are flow control
	encoding   string
}

// terminator is what ends a code.
type terminator string

const (
	anyTerminator terminator = "auto"
	noTerminator  terminator = "none"
	endCRLF       terminator = "crlf"
)

func defaults() options {
	return options{terminator: anyTerminator, idle: 60 * time.Millisecond, encoding: autoEncoding}
}

// readers says how each option is read.
func (o *options) readers() map[string]func(string) error {
	return map[string]func(string) error{
		"terminator": func(s string) error {
			o.terminator = terminator(s)
			return oneOf(s, "auto", "cr", "lf", "crlf", "tab", "etx", "none")
		},
		"idle_ms": o.readIdle,
		"flow": func(s string) error {
			o.flow = s == "xonxoff"
			return oneOf(s, "none", "xonxoff")
		},
		"encoding": func(s string) error {
			o.encoding = s
			return oneOf(s, "auto", "gb18030", "sjis", "big5", "latin1")
		},
	}
}

// readOptions understands all options or fails, naming the first one that it does not.
func readOptions(given map[string]string) (options, error) {
	o := defaults()
	readers := o.readers()
	for _, name := range slices.Sorted(maps.Keys(given)) {
		read, known := readers[name]
		if !known {
			return options{}, fmt.Errorf("scanner: unknown option %q (known: %s)", name,
				strings.Join(slices.Sorted(maps.Keys(readers)), ", "))
		}
		if err := read(given[name]); err != nil {
			return options{}, fmt.Errorf("scanner: option %s: %w", name, err)
		}
	}
	return o, nil
}

func (o *options) readIdle(s string) error {
	n, err := strconv.Atoi(s)
	if err != nil || n < 20 || n > 500 {
		return fmt.Errorf("%q is not a number from 20 to 500", s)
	}
	o.idle = time.Duration(n) * time.Millisecond
	return nil
}

func oneOf(s string, allowed ...string) error {
	if !slices.Contains(allowed, s) {
		return fmt.Errorf("%q is none of %s", s, strings.Join(allowed, ", "))
	}
	return nil
}
