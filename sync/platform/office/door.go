package office

import (
	"bytes"
	"net/http"
	"strings"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/platform/access"
	"github.com/tillproof/tillproof/sync/platform/registry"
)

// sessionCookie carries a session's secret. Scripts cannot read it, and no other site's page makes a browser send it.
const sessionCookie = "tillproof_office"

// Let implements [access.Door].
func (f *Office) Let(need access.Role, answer access.Answer) http.Handler {
	return f.sameOrigin(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, err := f.who(r)
		if err == nil && !who.Role.May(need) {
			err = refusal("not_permitted", "Your role does not allow this; it takes "+string(need)+".", "Ask somebody with that role.").With("role", string(need))
		}
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			if err != nil {
				f.refuse(w, err)
				return
			}
			answer(w, r, who)
			return
		}
		logged := &loggedAnswer{ResponseWriter: w, status: http.StatusOK}
		if err != nil {
			f.refuse(logged, err)
		} else {
			answer(logged, r, who)
		}
		f.finish(w, r, who, logged)
	}))
}

// sameOrigin keeps pages of other sites from changing anything, whatever cookies the browser adds.
func (f *Office) sameOrigin(next http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		writeProblem(w, refusal("cross_origin", "The request comes from a page of another site.", "Use the platform's own page, or ask from a program."))
	}))
	return protection.Handler(next)
}

// who is it that asks? Without anybody set up everybody on this machine may do everything but set people up.
func (f *Office) who(r *http.Request) (access.Person, error) {
	for _, secret := range secrets(r) {
		who, _, known, err := f.Registry.Who(r.Context(), secret)
		if err != nil || known {
			return who, err
		}
	}
	peopled, err := f.Registry.Peopled(r.Context())
	if err != nil {
		return access.Person{}, err
	}
	if !peopled && f.Loopback {
		return access.Person{Role: access.Admin}, nil
	}
	return access.Person{}, refusal("unauthorized", "Nobody who is known here asks for this.",
		"Log in, or send `Authorization: Bearer` with the token that `tillproof platform user add` has printed.")
}

// secrets are what a request brings to be known by: its token, else its cookies. A browser may hold several of one name.
func secrets(r *http.Request) (list []string) {
	if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return []string{strings.TrimSpace(token)}
	}
	for _, c := range r.CookiesNamed(sessionCookie) {
		list = append(list, c.Value)
	}
	return list
}

// loggedAnswer holds an answer back until the audit log has it.
type loggedAnswer struct {
	http.ResponseWriter
	status int
	told   bool
	body   bytes.Buffer
}

// WriteHeader notes the status.
func (l *loggedAnswer) WriteHeader(status int) {
	if !l.told {
		l.told, l.status = true, status
	}
}

// Write keeps the body.
func (l *loggedAnswer) Write(b []byte) (int, error) {
	l.told = true
	return l.body.Write(b)
}

// finish writes the request to the audit log and then lets the answer go. What cannot be logged is not answered as done.
func (f *Office) finish(w http.ResponseWriter, r *http.Request, who access.Person, l *loggedAnswer) {
	action := "request"
	if l.status == http.StatusUnauthorized || l.status == http.StatusForbidden {
		action = "refused"
	}
	entry := registry.Entry{Action: action, Target: r.Method + " " + r.URL.EscapedPath(), Status: l.status}
	if l.status == http.StatusUnauthorized {
		f.Log.Warn("somebody unknown was refused", "method", r.Method, "path", r.URL.Path)
	} else if err := f.Registry.Log(asPerson(r.Context(), who), entry); err != nil {
		f.Log.Error("a request could not be written to the audit log", "error", err)
		writeProblem(w, pos.NewError("audit_failed", pos.OutcomeUnknown, pos.MoneyUnknown, "The change could not be written to the audit log.",
			"Look whether it was made before you repeat it."))
		return
	}
	w.WriteHeader(l.status)
	_, _ = w.Write(l.body.Bytes()) // the caller has gone if this fails
}
