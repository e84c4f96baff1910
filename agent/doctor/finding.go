package doctor

// State says how bad a finding is.
type State string

// The states. A warning lets the till sell.
const (
	OK      State = "ok"
	Warning State = "warning"
	Problem State = "problem"
)

// Finding is one thing that was looked at.
type Finding struct {
	Check string `json:"check"` // what was looked at, such as "disk" or "device card"
	State State  `json:"state"`
	Text  string `json:"text"`           // what was found and what it means
	Next  string `json:"next,omitempty"` // what to do, "" when there is nothing to do

	cause cause
}

// cause tells problems apart for the exit code.
type cause int

const (
	wrong    cause = iota // something is not as it has to be
	away                  // something is not available
	unusable              // the configuration
)

// The ends of an examination, as exit codes use them.
const (
	Well        = 0 // warnings too
	Wrong       = 1
	BadConfig   = 2
	Unavailable = 3
)

// Verdict is what findings come to: what is wrong counts before what is only not available.
func Verdict(list []Finding) int {
	code := Well
	for _, f := range list {
		switch {
		case f.State != Problem:
		case f.cause == unusable:
			return BadConfig
		case f.cause == wrong:
			code = Wrong
		case code == Well:
			code = Unavailable
		}
	}
	return code
}

func fine(text string) []Finding { return []Finding{{State: OK, Text: text}} }

func warn(text, next string) []Finding { return []Finding{{State: Warning, Text: text, Next: next}} }

func bad(text, next string) []Finding { return []Finding{{State: Problem, Text: text, Next: next}} }

func missing(text, next string) []Finding {
	return []Finding{{State: Problem, Text: text, Next: next, cause: away}}
}
