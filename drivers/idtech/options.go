package idtech

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// options are the understood settings of one reader; the package comment describes them.
type options struct {
	protocol                     string // sm, neo2 or auto
	format, expiry, bin, encrypt string // settings of stripe readers
	chip, track1, keyed          bool   // allowed
}

// The protocols of the family.
const (
	smProtocol   = "sm"   // stripe readers: SecureMag and its relatives
	neo2Protocol = "neo2" // readers of chip and contactless cards: NEO 2, ViVOpay
	autoProtocol = "auto" // neo2 if it answers a ping, sm else
)

// keep leaves a setting as the reader has it.
const keep = "keep"

func defaults() options {
	return options{protocol: smProtocol, format: "enhanced", expiry: "show", bin: "show", encrypt: "all"}
}

// readers says how each option is read.
func (o *options) readers() map[string]func(string) error {
	return map[string]func(string) error{
		"protocol": oneOf(&o.protocol, smProtocol, neo2Protocol, autoProtocol),
		"format":   oneOf(&o.format, "enhanced", keep),
		"expiry":   oneOf(&o.expiry, "show", "hide", keep),
		"bin":      oneOf(&o.bin, "show", keep),
		"encrypt":  oneOf(&o.encrypt, "all", keep),
		"chip":     allowed(&o.chip),
		"track1":   allowed(&o.track1),
		"keyed":    allowed(&o.keyed),
	}
}

// readOptions understands all options or fails, naming the first one that it does not.
func readOptions(given map[string]string) (options, error) {
	o := defaults()
	readers := o.readers()
	for _, name := range slices.Sorted(maps.Keys(given)) {
		read, known := readers[name]
		if !known {
			return options{}, fmt.Errorf("idtech: unknown option %q (known: %s)", name, strings.Join(slices.Sorted(maps.Keys(readers)), ", "))
		}
		if err := read(given[name]); err != nil {
			return options{}, fmt.Errorf("idtech: option %s: %w", name, err)
		}
	}
	return o, nil
}

func oneOf(to *string, allowed ...string) func(string) error {
	return func(s string) error {
		if !slices.Contains(allowed, s) {
			return fmt.Errorf("%q is none of %s", s, strings.Join(allowed, ", "))
		}
		*to = s
		return nil
	}
}

func allowed(to *bool) func(string) error {
	return func(s string) error {
		var word string
		err := oneOf(&word, "refuse", "allow")(s)
		*to = word == "allow"
		return err
	}
}
