package webhook

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
)

// Target is a configured hook.
type Target struct {
	Name    string // 1-32 of a-z, 0-9, -; its place in the journal is kept under it
	URL     string // as [CheckURL] takes it
	Secrets Secrets
	Events  []Type // which to send, empty for all
}

// CheckURL says why an address cannot be used. Plain HTTP is for this machine and private networks (RFC 1918, RFC 4193), given as numbers so that no
// name server decides what is private; all else is HTTPS. Names and passwords have no place in it: the signature proves who sends.
func CheckURL(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "":
		return errors.New("the url is not https://host/path")
	case u.User != nil:
		return errors.New("the url must not hold a name or a password")
	case u.Scheme == "https":
		return nil
	case u.Scheme != "http":
		return fmt.Errorf("the url begins with %q, not with https", u.Scheme)
	case !isNear(u.Hostname()):
		return errors.New("http goes to this machine or a private address only; write https, or the receiver's address in numbers")
	}
	return nil
}

func isNear(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && (ip.IsLoopback() || ip.IsPrivate())
}

// origin is the part of the address that gives nothing away: scheme, host and port.
func (t *Target) origin() string {
	u, err := url.Parse(t.URL)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// fingerprint tells one address from another without keeping it.
func (t *Target) fingerprint() string {
	sum := sha256.Sum256([]byte(t.URL))
	return hex.EncodeToString(sum[:8])
}

// wants says whether events of a type are sent.
func (t *Target) wants(what Type) bool { return len(t.Events) == 0 || slices.Contains(t.Events, what) }
