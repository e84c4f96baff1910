package msr

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tillproof/tillproof/drivers"
)

// options are the understood settings of one reader; the package comment describes them.
type options struct {
	own  []string
	idle time.Duration
}

// readOptions understands all options or fails, naming the first one that it does not.
func readOptions(given map[string]string) (options, error) {
	o := options{idle: 100 * time.Millisecond}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		var err error
		switch name {
		case "own":
			o.own, err = readOwn(given[name])
		case "idle_ms":
			o.idle, err = readIdle(given[name])
		default:
			return options{}, fmt.Errorf("msr: unknown option %q (known: idle_ms, own)", name)
		}
		if err != nil {
			return options{}, fmt.Errorf("msr: option %s: %w", name, err)
		}
	}
	return o, nil
}

func readOwn(list string) (own []string, err error) {
	for _, prefix := range strings.Split(list, ",") {
		prefix = strings.TrimSpace(prefix)
		switch {
		case prefix == "" || strings.Trim(prefix, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ ") != "":
			return nil, fmt.Errorf("%q is not the begin of a number: digits, capital letters and blanks", prefix)
		case ofScheme(prefix):
			return nil, fmt.Errorf("numbers that begin with %q are those of a payment scheme: such cards are never read in clear", prefix)
		}
		own = append(own, prefix)
	}
	return own, nil
}

// ofScheme says whether all numbers that begin so belong to payment schemes.
func ofScheme(prefix string) bool {
	lowest, highest := (prefix + "000000")[:6], (prefix + "999999")[:6]
	return drivers.BrandOf(lowest) != "" && drivers.BrandOf(highest) == drivers.BrandOf(lowest)
}

func readIdle(s string) (time.Duration, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < 20 || n > 500 {
		return 0, fmt.Errorf("%q is not a number from 20 to 500", s)
	}
	return time.Duration(n) * time.Millisecond, nil
}
