package registry

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/platform/access"
	"github.com/tillproof/tillproof/sync/platform/database"
)

// Person is somebody who works in the back office.
type Person struct {
	Name string      `json:"name"` // 1 to 32 of [a-z0-9-]
	Role access.Role `json:"role"`
}

// Kind implements [Thing].
func (*Person) Kind() Kind { return KindPerson }

// Key implements [Thing].
func (p *Person) Key() string { return p.Name }

// Owner implements [Thing]: nobody.
func (*Person) Owner() pos.MerchantID { return "" }

func (p *Person) check() error {
	if _, err := pos.ParsePersonID(p.Name); err != nil {
		return err
	}
	if !p.Role.Valid() {
		return fmt.Errorf("%q is not a role (viewer, operator, admin)", p.Role)
	}
	return nil
}

func (p *Person) fit(ctx context.Context, e *edit, before Thing) error {
	if was, ok := before.(*Person); ok && was.Role == access.Admin && p.Role != access.Admin {
		return e.keepsAdmin(ctx, p.Name)
	}
	return nil
}

// keepsAdmin wants another admin beside the one who stops being it.
func (e *edit) keepsAdmin(ctx context.Context, name string) error {
	people, err := e.list(ctx, KindPerson, "")
	if err != nil {
		return err
	}
	admin := false
	for _, k := range people {
		p := k.Thing.(*Person)
		if p.Name != name && k.Enabled && p.Role == access.Admin {
			return nil
		}
		admin = admin || p.Name == name && k.Enabled && p.Role == access.Admin
	}
	if admin {
		return errLastAdmin
	}
	return nil
}

// tokenPrefix lets a token be known as what it is, in a log or a repository that it was left in by mistake.
const tokenPrefix = "tpo_"

// SessionLife is how long a browser stays logged in.
const SessionLife = 12 * time.Hour

// secret makes a token or session of 130 random bits.
func secret() string { return tokenPrefix + rand.Text() }

func hashOf(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// AddPerson sets somebody up and returns the token to log in with. It is told this once: only its SHA-256 is kept.
func (r *Registry) AddPerson(ctx context.Context, p Person) (token string, err error) {
	if err := p.check(); err != nil {
		return "", errInvalid(err)
	}
	token = secret()
	return token, r.change(ctx, func(e *edit) error {
		if _, found, err := e.get(ctx, KindPerson, p.Name); err != nil || found {
			return firstError(err, errExists)
		}
		if _, err := e.put(ctx, &p, Kept{}); err != nil {
			return err
		}
		return e.keepSecret(ctx, token, p.Name, 0)
	})
}

func firstError(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// NewToken gives a person another token. The former one and all sessions end.
func (r *Registry) NewToken(ctx context.Context, name string) (token string, err error) {
	token = secret()
	return token, r.change(ctx, func(e *edit) error {
		if _, found, err := e.get(ctx, KindPerson, name); err != nil || !found {
			return firstError(err, ErrNotFound)
		}
		if _, err := e.Exec(ctx, "DELETE FROM registry_secrets WHERE person = ?", name); err != nil {
			return err
		}
		if err := e.keepSecret(ctx, token, name, 0); err != nil {
			return err
		}
		return e.log(ctx, Entry{Action: "token", Target: "person/" + name})
	})
}

func (e *edit) keepSecret(ctx context.Context, secret, person string, until int64) error {
	_, err := e.Exec(ctx, "INSERT INTO registry_secrets (hash, person, until_at) VALUES (?, ?, ?)", hashOf(secret), person, until)
	return err
}

// Who knows a token or session; false for one that does not count, or whose person is disabled. A token alone opens a session.
func (r *Registry) Who(ctx context.Context, secret string) (who access.Person, session, known bool, err error) {
	type found struct {
		Kept
		until int64
	}
	const text = `SELECT t.kind, t.body, t.revision, t.enabled, t.added_at, t.updated_at, t.origin, s.until_at FROM registry_secrets s
		JOIN registry_things t ON t.kind = 'person' AND t.id = s.person WHERE s.hash = ?`
	f, known, err := database.One(r.db.Row(ctx, text, hashOf(secret)), func(s database.Scanner) (f found, err error) {
		f.Kept, err = scanKept(withUntil{s, &f.until})
		return f, err
	})
	if err != nil || !known || !f.Enabled || f.until > 0 && f.until <= time.Now().UnixMilli() {
		return access.Person{}, false, false, err
	}
	p := f.Thing.(*Person)
	return access.Person{Name: p.Name, Role: p.Role}, f.until > 0, true, nil
}

// withUntil reads one column more.
type withUntil struct {
	database.Scanner
	until *int64
}

// Scan implements [database.Scanner].
func (w withUntil) Scan(to ...any) error { return w.Scanner.Scan(append(to, w.until)...) }

// OpenSession logs a person in for [SessionLife] and returns the session's secret. Sessions that have ended are forgotten.
func (r *Registry) OpenSession(ctx context.Context, name string) (session string, until time.Time, err error) {
	session, until = secret(), time.Now().Add(SessionLife)
	return session, until, r.change(ctx, func(e *edit) error {
		if _, err := e.Exec(ctx, "DELETE FROM registry_secrets WHERE until_at > 0 AND until_at <= ?", e.now); err != nil {
			return err
		}
		if err := e.keepSecret(ctx, session, name, until.UnixMilli()); err != nil {
			return err
		}
		return e.log(ctx, Entry{Action: "login", Target: "person/" + name})
	})
}

// CloseSession logs a session out. One that is not known is no error.
func (r *Registry) CloseSession(ctx context.Context, session string) error {
	return r.change(ctx, func(e *edit) error {
		n, err := e.Exec(ctx, "DELETE FROM registry_secrets WHERE hash = ? AND until_at > 0", hashOf(session))
		if err != nil || n == 0 {
			return err
		}
		return e.log(ctx, Entry{Action: "logout", Target: "session"})
	})
}

// Peopled says whether anybody was ever set up: from then on everybody has to log in.
func (r *Registry) Peopled(ctx context.Context) (bool, error) {
	var n int64
	err := r.db.Row(ctx, "SELECT count(*) FROM registry_things WHERE kind = 'person'").Scan(&n)
	return n > 0, err
}
