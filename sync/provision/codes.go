package provision

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Codes is a table of customers' payment codes: which texts belong to which scheme. It replaces the till's built-in one where its version is higher.
type Codes struct {
	Version int        `cbor:"version" json:"version"` // above that of the table that the till was built with, or it does not count
	Rules   []CodeRule `cbor:"rules" json:"rules"`     // the first enabled one that matches decides
}

// CodeRule is one row of [Codes].
type CodeRule struct {
	Scheme   string   `cbor:"scheme" json:"scheme"`                         // as acquirers are configured to it, such as "wechat"
	Name     string   `cbor:"name" json:"name"`                             // for the cashier
	Form     string   `cbor:"form" json:"form"`                             // digits, alphanumeric, text, mot_layout or unionpay_layout
	Prefixes []string `cbor:"prefixes,omitempty" json:"prefixes,omitempty"` // one of them stands first; the layouts need none
	Least    int      `cbor:"least,omitempty" json:"least,omitempty"`       // length in characters, prefix included
	Most     int      `cbor:"most,omitempty" json:"most,omitempty"`
	Enabled  bool     `cbor:"enabled" json:"enabled"`
}

// The bounds of a table.
const (
	MaxRules      = 32
	maxPrefixes   = 16
	maxPrefix     = 16
	maxCodeLength = 8192
	maxName       = 40
)

func (c *Codes) check() error {
	if c == nil {
		return nil
	}
	if c.Version < 1 || len(c.Rules) == 0 || len(c.Rules) > MaxRules {
		return fmt.Errorf("a table of codes needs a version above 0 and 1 to %d rules", MaxRules)
	}
	for i := range c.Rules {
		if err := c.Rules[i].check(); err != nil {
			return fmt.Errorf("rule %d of the codes: %w", i+1, err)
		}
	}
	return nil
}

func (r *CodeRule) check() error {
	layout := r.Form == "mot_layout" || r.Form == "unionpay_layout"
	switch {
	case r.Scheme == "" || len(r.Scheme) > maxName || strings.ContainsFunc(r.Scheme, func(c rune) bool { return c != '_' && (c < 'a' || c > 'z') && (c < '0' || c > '9') }):
		return fmt.Errorf("the scheme %q is no name of lower-case letters, digits and underscores", r.Scheme)
	case r.Name == "" || utf8.RuneCountInString(r.Name) > maxName || !utf8.ValidString(r.Name):
		return fmt.Errorf("a name of 1 to %d characters is missing", maxName)
	case !layout && r.Form != "digits" && r.Form != "alphanumeric" && r.Form != "text":
		return fmt.Errorf("%q is no form of a code", r.Form)
	case !layout && (r.Least < 1 || r.Most < r.Least || r.Most > maxCodeLength || len(r.Prefixes) == 0 || len(r.Prefixes) > maxPrefixes):
		return fmt.Errorf("%d to %d characters behind %d prefixes", r.Least, r.Most, len(r.Prefixes))
	}
	for _, p := range r.Prefixes {
		if p == "" || len(p) > maxPrefix || len(p) > r.Most && !layout {
			return fmt.Errorf("the prefix %q cannot stand first", p)
		}
	}
	return nil
}
