package api

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
)

const (
	sessionLife  = 90 * 24 * time.Hour // from the pairing on, used or not
	sessionBytes = 32
	maxSessions  = 64 // the oldest goes when one more browser is paired
)

// Sessions are the browsers that were paired with a till. A session's secret is known to its browser alone: memory and file hold its SHA-256. The
// zero value keeps them in memory only. All methods are safe for concurrent use.
type Sessions struct {
	path string

	mu    sync.Mutex // guards what follows
	list  []session  // oldest first
	offer pairing
}

// session is a paired browser, as the file has it.
type session struct {
	Hash  string `json:"hash"`     // SHA-256 of the cookie's value, lower-case hex
	Until int64  `json:"until_ms"` // milliseconds since 1970-01-01 UTC
}

// OpenSessions reads the paired browsers from a file, which is made with mode 0600 by the first pairing. A file that cannot be understood pairs
// nobody: the browsers are paired again. It fails only when the file is there and cannot be read.
func OpenSessions(path string) (*Sessions, error) {
	s := &Sessions{path: path}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, err
	}
	if json.Unmarshal(text, &s.list) != nil {
		s.list = nil
	}
	return s, nil
}

// knows says whether a cookie's value is that of a session that has not ended.
func (s *Sessions) knows(secret string) bool {
	hash, now := hashOf(secret), time.Now().UnixMilli()
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.list, func(x session) bool { return same(x.Hash, hash) && now < x.Until })
}

// add begins a session and returns its secret, once it is on disk. Called with mu held.
func (s *Sessions) add(now time.Time) (secret string, err error) {
	random := make([]byte, sessionBytes)
	if _, err := rand.Read(random); err != nil {
		return "", err
	}
	secret = hex.EncodeToString(random)
	list := slices.DeleteFunc(slices.Clone(s.list), func(x session) bool { return x.Until <= now.UnixMilli() })
	list = append(list, session{Hash: hashOf(secret), Until: now.Add(sessionLife).UnixMilli()})
	return secret, s.save(list[max(0, len(list)-maxSessions):])
}

// drop ends the session of a cookie's value, if there is one.
func (s *Sessions) drop(secret string) error {
	hash := hashOf(secret)
	s.mu.Lock()
	defer s.mu.Unlock()
	list := slices.DeleteFunc(slices.Clone(s.list), func(x session) bool { return same(x.Hash, hash) })
	if len(list) == len(s.list) {
		return nil
	}
	return s.save(list)
}

// save makes a list durable before it counts. Called with mu held.
func (s *Sessions) save(list []session) error {
	if s.path != "" {
		text, err := json.Marshal(list)
		if err == nil {
			err = cose.WriteFile(s.path, append(text, '\n'))
		}
		if err != nil {
			return pos.NewError("disk_failed", pos.Transient, pos.NoneMoved, "The till could not write down its paired browsers.",
				"Check the disk's space, then try again.").Because(err)
		}
	}
	s.list = list
	return nil
}

func hashOf(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// same compares in a time that tells nothing about where two texts differ.
func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
