package concertsim

import (
	"strconv"
	"strings"

	"github.com/tillproof/tillproof/drivers/concert/codec"
	"github.com/tillproof/tillproof/pos"
)

// request is what the till asks for.
type request struct {
	kind     Kind   // "" for a question
	action   string // of V3
	register string
	amount   pos.Minor
	answer   byte // of E+: '1' wants the report
	means    string
	currency string
	private  string
	external string // CH
	tags     map[string]string
}

// understand reads a request of the terminal's own generation.
func (t *Terminal) understand(p []byte) (request, bool) {
	if t.options.Generation == V3 {
		return readTags(p)
	}
	return readFixed(string(p))
}

// readFixed reads the 34 characters of E+. Types 1 gives back, 2 cancels, the others take.
func readFixed(m string) (request, bool) {
	if len(m) != codec.RequestLength {
		return request{}, false
	}
	amount, err := strconv.ParseUint(m[2:10], 10, 63)
	if err != nil || m[26:30] != "A010" && m[26:30] != "A011" || m[30:34] != "B010" && m[30:34] != "B011" {
		return request{}, false
	}
	kind := map[byte]Kind{'1': Credit, '2': Cancellation}[m[12]]
	if kind == "" {
		kind = Debit
	}
	return request{kind: kind, register: m[0:2], amount: pos.Minor(amount), answer: m[10], means: m[11:12], currency: m[13:16], private: strings.TrimSpace(m[16:26])}, true
}

// readTags reads a V3 request.
func readTags(p []byte) (request, bool) {
	list, err := codec.Tags(p)
	if err != nil || len(list) == 0 || list[0].Name != "CZ" {
		return request{}, false
	}
	tags := map[string]string{}
	for _, t := range list {
		tags[t.Name] = t.Value
	}
	r := request{action: tags["CD"], register: tags["CA"], currency: tags["CE"], private: tags["CF"], external: tags["CH"], tags: tags}
	r.kind = map[string]Kind{"0": Debit, "1": Credit, "2": Cancellation}[r.action]
	if r.kind == "" {
		return r, r.action != ""
	}
	amount, err := strconv.ParseUint(tags["CB"], 10, 63)
	r.amount = pos.Minor(amount)
	return r, err == nil && len(tags["CB"]) >= 2
}

// name is how the till calls its command.
func (r request) name() string {
	if r.external != "" {
		return r.external
	}
	return r.private
}
