package people

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"

	"golang.org/x/crypto/argon2"
)

const (
	minPIN, maxPIN = 4, 12 // digits
	saltBytes      = 16
	hashBytes      = 32

	// What a file may ask for, so that a damaged one cannot take the till's memory or time.
	maxTime, maxMemory, maxThreads = 16, 64 << 10, 4 // passes, KiB, threads
)

// cost is what a hash takes: passes, memory in KiB, threads (RFC 9106 §3.1: t, m, p).
type cost struct {
	Time    uint32 `json:"time"`
	Memory  uint32 `json:"memory_kib"`
	Threads uint8  `json:"threads"`
}

// defaultCost is what new PINs get: the least that OWASP's password storage sheet asks for (19 MiB, two passes, one thread). A PIN has few values, so
// whoever has the file finds it all the same; what protects it is the file's mode, and the lock-out at the till.
func defaultCost() cost { return cost{Time: 2, Memory: 19 << 10, Threads: 1} }

// pin is how a PIN is kept: argon2id with the salt and the cost of its own, so that a later version may raise the cost of new ones.
type pin struct {
	cost
	Salt string `json:"salt"` // hex
	Hash string `json:"hash"` // hex
}

// newPIN hashes a PIN that was checked before.
func newPIN(digits string, c cost) (pin, error) {
	salt := make([]byte, saltBytes)
	if _, err := rand.Read(salt); err != nil {
		return pin{}, err
	}
	return pin{cost: c, Salt: hex.EncodeToString(salt), Hash: hex.EncodeToString(c.hash(digits, salt))}, nil
}

func (c cost) hash(digits string, salt []byte) []byte {
	text := []byte(digits)
	defer clear(text)
	return argon2.IDKey(text, salt, c.Time, c.Memory, c.Threads, hashBytes)
}

// matches takes the same time whatever it finds. It needs a pin that check has passed.
func (p *pin) matches(digits string) bool {
	salt, _ := hex.DecodeString(p.Salt)
	want, _ := hex.DecodeString(p.Hash)
	return subtle.ConstantTimeCompare(p.hash(digits, salt), want) == 1
}

func (p *pin) check() error {
	salt, err1 := hex.DecodeString(p.Salt)
	hash, err2 := hex.DecodeString(p.Hash)
	switch {
	case err1 != nil || err2 != nil || len(salt) != saltBytes || len(hash) != hashBytes:
		return errors.New("the PIN's salt or hash is damaged") // the causes would repeat parts of them
	case p.Time < 1 || p.Time > maxTime || p.Threads < 1 || p.Threads > maxThreads || p.Memory < 8*uint32(p.Threads) || p.Memory > maxMemory:
		return fmt.Errorf("the PIN's cost of %d passes, %d KiB and %d threads cannot be", p.Time, p.Memory, p.Threads)
	}
	return nil
}

// CheckPIN refuses what is no PIN of 4 to 12 digits, and those that are tried first: one digit repeated, and digits that count up or down. The
// error never repeats it.
func CheckPIN(digits string) error {
	if len(digits) < minPIN || len(digits) > maxPIN {
		return errPIN(fmt.Sprintf("A PIN has %d to %d digits.", minPIN, maxPIN))
	}
	for _, r := range digits {
		if r < '0' || r > '9' {
			return errPIN("A PIN has digits only.")
		}
	}
	if steps(digits, 0) || steps(digits, 1) || steps(digits, 9) {
		return errPIN("This PIN is one of those that are tried first: a digit repeated, or digits in a row.")
	}
	return nil
}

// steps says whether each digit is the one before plus step, 9 being followed by 0: 9 counts down.
func steps(digits string, step byte) bool {
	for i := 1; i < len(digits); i++ {
		if (digits[i]-digits[i-1]+10)%10 != step {
			return false
		}
	}
	return true
}
