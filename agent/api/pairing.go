package api

import (
	"crypto/rand"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/tillproof/tillproof/pos"
)

// The bounds of a pairing code: a million codes, five tries, one a second, so that guessing succeeds once in 200,000 codes.
const (
	pairingLife  = 10 * time.Minute
	pairingTries = 5
	pairingPause = time.Second
	pairingCodes = 1_000_000
)

// pairing is the code that is on offer. There is one at a time: a new one takes the place of the one before.
type pairing struct {
	code  string // six digits, "" when none is on offer
	ends  time.Time
	wrong int
	last  time.Time // of the last wrong try, of any code
}

// newCode puts a new code on offer.
func (s *Sessions) newCode(now time.Time) (code string, ends time.Time, err error) {
	n, err := rand.Int(rand.Reader, big.NewInt(pairingCodes))
	if err != nil {
		return "", time.Time{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.offer = pairing{code: fmt.Sprintf("%06d", n), ends: now.Add(pairingLife), last: s.offer.last}
	return s.offer.code, s.offer.ends, nil
}

// redeem gives a session for the code on offer, once. Whoever types it may part the digits.
func (s *Sessions) redeem(code string, now time.Time) (secret string, err error) {
	code = strings.NewReplacer(" ", "", "-", "").Replace(code)
	s.mu.Lock()
	defer s.mu.Unlock()
	p := &s.offer
	switch {
	case now.Sub(p.last) < pairingPause:
		return "", pos.NewError("too_many_tries", pos.Transient, pos.NoneMoved, "One code can be tried a second.", "Wait a second, then try again.")
	case p.code == "" || !now.Before(p.ends) || !same(p.code, code):
		p.last = now
		if p.wrong++; p.wrong >= pairingTries || !now.Before(p.ends) {
			p.code = ""
		}
		return "", pos.NewError("pairing_refused", pos.Permanent, pos.NoneMoved, "The code is wrong, used or too old.",
			"Check the digits, or run `tillproof pair` on the till for a new code.")
	}
	if secret, err = s.add(now); err == nil {
		p.code = ""
	}
	return secret, err
}
