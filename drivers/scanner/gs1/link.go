package gs1

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/tillproof/tillproof/drivers"
)

// IsURL says whether a text is a web address as QR codes carry it: the scheme wholly in small or wholly in capital letters.
func IsURL(text string) bool {
	for _, scheme := range []string{"https://", "HTTPS://", "http://", "HTTP://"} {
		if rest, ok := strings.CutPrefix(text, scheme); ok && rest != "" {
			return !strings.ContainsAny(text, " \t\r\n")
		}
	}
	return false
}

// ParseLink reads a GS1 Digital Link (GS1 Digital Link: URI Syntax): /identifier/value pairs at the end of the path, from the last
// primary key on, and further identifiers in the query. A shorter GTIN is padded to 14 digits. A web address without a primary key
// fails with [ErrNotGS1].
func ParseLink(link string) (Result, error) {
	u, err := url.Parse(link)
	if err != nil || !IsURL(link) || u.Host == "" {
		return Result{}, ErrNotGS1
	}
	segments := strings.Split(strings.Trim(u.EscapedPath(), "/"), "/")
	at := lastKey(segments)
	if at < 0 {
		return Result{}, ErrNotGS1
	}
	var r Result
	if err := r.addPath(segments[at:]); err != nil {
		return Result{}, err
	}
	if err := r.addQuery(u.RawQuery); err != nil {
		return Result{}, err
	}
	return r, nil
}

// lastKey finds the last primary key that begins pairs up to the end of the path, -1 when there is none.
func lastKey(segments []string) int {
	for i := len(segments) - 2; i >= 0; i -= 2 {
		if primaryKey(segments[i]) {
			return i
		}
	}
	return -1
}

func primaryKey(ai string) bool {
	switch ai {
	case "00", "01", "253", "255", "401", "402", "414", "415", "417", "8003", "8004", "8006", "8010", "8013", "8017", "8018":
		return true
	}
	return false
}

// qualifiers lists what may follow a primary key in the path, in the only order allowed. The second row stands instead of the first.
func qualifiers(key string) [][]string {
	switch key {
	case "01":
		return [][]string{{"22", "10", "21"}, {"235"}}
	case "8006":
		return [][]string{{"22", "10", "21"}}
	case "414":
		return [][]string{{"254"}, {"7040"}}
	case "415":
		return [][]string{{"8020"}}
	case "417", "8004":
		return [][]string{{"7040"}}
	case "8010":
		return [][]string{{"8011"}}
	case "8017", "8018":
		return [][]string{{"8019"}}
	}
	return nil
}

// inOrder says whether the qualifiers may follow the key like this.
func inOrder(key string, given []string) bool {
	if len(given) == 0 {
		return true
	}
	for _, row := range qualifiers(key) {
		rest := given
		for _, allowed := range row {
			if len(rest) > 0 && rest[0] == allowed {
				rest = rest[1:]
			}
		}
		if len(rest) == 0 {
			return true
		}
	}
	return false
}

// addPath takes the pairs of the path.
func (r *Result) addPath(segments []string) error {
	var given []string
	for pair := range slices.Chunk(segments, 2) {
		value, err := url.PathUnescape(pair[1])
		if err != nil {
			return errPositionInLink
		}
		if err := r.addFromLink(pair[0], value); err != nil {
			return err
		}
		given = append(given, pair[0])
	}
	if !inOrder(given[0], given[1:]) {
		return errPositionInLink
	}
	return nil
}

// addQuery takes the parameters of the query that are called by an identifier; others belong to the web site.
func (r *Result) addQuery(query string) error {
	for pair := range strings.FieldsFuncSeq(query, func(c rune) bool { return c == '&' || c == ';' }) {
		ai, escaped, _ := strings.Cut(pair, "=")
		if format(ai) == "" {
			continue
		}
		value, err := url.PathUnescape(escaped)
		if err != nil || primaryKey(ai) {
			return errPositionInLink
		}
		if err := r.addFromLink(ai, value); err != nil {
			return err
		}
	}
	return nil
}

func (r *Result) addFromLink(ai, value string) error {
	if ai == "01" {
		if gtin, ok := GTIN(value); ok {
			value = gtin
		}
	}
	if format(ai) == "" {
		return errNoIdentifier
	}
	if err := check(format(ai), value); err != nil {
		return fmt.Errorf("GS1 Digital Link, identifier %s: %w", ai, err)
	}
	if !personal(ai) {
		r.Elements = append(r.Elements, drivers.Element{AI: ai, Value: value})
	}
	return nil
}
