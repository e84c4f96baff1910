// Package access says who may do what in the back office. It holds the words that the parts of the back office share; who people are, and the log of what
// they did, is kept elsewhere.
package access

import "net/http"

// Role is what a person may do. A higher one may do what the lower ones may.
type Role string

// The roles, from the lowest.
const (
	Viewer   Role = "viewer"   // reads everything, secrets excepted
	Operator Role = "operator" // works on items, imports statements, runs reconciliations
	Admin    Role = "admin"    // changes merchants, tills, keys, policies and people
)

// rank orders the roles; 0 for a word that is none.
func (r Role) rank() int {
	switch r {
	case Viewer:
		return 1
	case Operator:
		return 2
	case Admin:
		return 3
	}
	return 0
}

// Valid says whether the word is a role.
func (r Role) Valid() bool { return r.rank() > 0 }

// May says whether the role includes another one.
func (r Role) May(need Role) bool { return r.rank() > 0 && r.rank() >= need.rank() }

// Person is who asks.
type Person struct {
	Name string
	Role Role
}

// Answer is a handler that knows who asks.
type Answer func(w http.ResponseWriter, r *http.Request, who Person)

// Door lets people in. Each part of the back office is given one for its routes.
type Door interface {
	// Let answers those who have at least the role, and refuses others with 401 or 403. What is no GET and no HEAD is written to the audit log with who
	// asked, the method, the path and the status of the answer, before the answer leaves.
	Let(need Role, answer Answer) http.Handler
}
