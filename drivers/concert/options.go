package concert

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tillproof/tillproof/pos"
)

// generation is the form of the messages.
type generation string

const (
	ePlus generation = "e_plus"
	v3    generation = "v3"
)

// options are the understood settings of one terminal; the package comment describes them.
type options struct {
	generation  generation
	register    string
	answer      string
	means       string
	application string
	authorise   string
	voidType    string
	refundType  string
	version     string
	protocolID  string
	private     bool
	asksStatus  bool // PayXpert: CD=T tells what became of a transaction
	probes      bool // a session without a message asks whether the terminal is there
	keeps       bool // the terminal keeps what it told, whether or not it has our ACK
	least, most pos.Minor
	ackWait     time.Duration
	answerWait  time.Duration
}

func defaults() options {
	return options{
		generation: ePlus, register: "01", answer: "0", means: "1", authorise: "B010", voidType: "2", refundType: "1", version: "0300",
		protocolID: "012345678901", private: true, probes: true, least: 1, ackWait: 3 * time.Second, answerWait: 180 * time.Second,
	}
}

// The largest amounts that the messages hold: 8 digits in E+, 12 in V3.
const (
	mostEPlus pos.Minor = 99_999_999
	mostV3    pos.Minor = 999_999_999_999
)

// readers says how each option is read.
func (o *options) readers() map[string]func(string) error {
	return map[string]func(string) error{
		"generation":    choice(func(s string) { o.generation = generation(s) }, string(ePlus), string(v3)),
		"register":      o.readRegister,
		"answer":        choice(func(s string) { o.answer = map[string]string{"short": "0", "full": "1"}[s] }, "short", "full"),
		"means":         characters(&o.means, 1),
		"application":   characters(&o.application, 3),
		"authorisation": choice(func(s string) { o.authorise = map[string]string{"terminal": "B010", "online": "B011"}[s] }, "terminal", "online"),
		"void_type":     choice(func(s string) { o.voidType = s }, "1", "2"),
		"refund_type":   choice(func(s string) { o.refundType = s }, "1", "2"),
		"version":       choice(func(s string) { o.version = s }, "0300", "0320"),
		"protocol_id":   o.readProtocolID,
		"private":       choice(func(s string) { o.private = s == "on" }, "on", "off"),
		"status_query":  choice(func(s string) { o.asksStatus = s == "payxpert" }, "none", "payxpert"),
		"probe":         choice(func(s string) { o.probes = s == "enq" }, "enq", "none"),
		"without_ack":   choice(func(s string) { o.keeps = s == "kept" }, "unknown", "kept"),
		"amount_min":    amount(&o.least),
		"amount_max":    amount(&o.most),
		"ack_wait_s":    seconds(&o.ackWait, 1, 30),
		"answer_wait_s": seconds(&o.answerWait, 30, 3600),
	}
}

// readOptions understands all options or fails, naming the first one that it does not.
func readOptions(given map[string]string) (options, error) {
	o := defaults()
	readers := o.readers()
	for _, name := range slices.Sorted(maps.Keys(given)) {
		read, known := readers[name]
		if !known {
			return options{}, fmt.Errorf("concert: unknown option %q (known: %s)", name, strings.Join(slices.Sorted(maps.Keys(readers)), ", "))
		}
		if err := read(given[name]); err != nil {
			return options{}, fmt.Errorf("concert: option %s: %w", name, err)
		}
	}
	return o.checked()
}

// checked looks at what must fit together.
func (o options) checked() (options, error) {
	most := mostEPlus
	if o.generation == v3 {
		most = mostV3
	}
	if o.most == 0 {
		o.most = most
	}
	switch {
	case o.asksStatus && o.generation != v3:
		return options{}, errors.New("concert: option status_query: only terminals of generation v3 can be asked")
	case o.asksStatus && !o.private:
		return options{}, errors.New("concert: option status_query: the question names the transaction by its private field, which is off")
	case o.most > most || o.least > o.most:
		return options{}, fmt.Errorf("concert: options amount_min and amount_max: %d to %d is no range of at most %d", o.least, o.most, most)
	}
	return o, nil
}

func (o *options) readRegister(s string) error {
	n, err := strconv.ParseUint(s, 10, 8)
	if err != nil || n < 1 || n > 99 {
		return fmt.Errorf("%q is not a number from 1 to 99", s)
	}
	o.register = fmt.Sprintf("%02d", n)
	return nil
}

func (o *options) readProtocolID(s string) error {
	if _, err := strconv.ParseUint(s, 10, 63); err != nil || len(s) != 12 {
		return fmt.Errorf("%q is not twelve digits", s)
	}
	o.protocolID = s
	return nil
}

func choice(set func(string), known ...string) func(string) error {
	return func(s string) error {
		if !slices.Contains(known, s) {
			return fmt.Errorf("%q is none of %s", s, strings.Join(known, ", "))
		}
		set(s)
		return nil
	}
}

func characters(to *string, n int) func(string) error {
	return func(s string) error {
		if len(s) != n || strings.Trim(s, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
			return fmt.Errorf("%q is not %d of 0-9 and A-Z", s, n)
		}
		*to = s
		return nil
	}
}

func amount(to *pos.Minor) func(string) error {
	return func(s string) error {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil || n < 1 || pos.Minor(n) > mostV3 {
			return fmt.Errorf("%q is not a number of minor units from 1 to %d", s, mostV3)
		}
		*to = pos.Minor(n)
		return nil
	}
}

func seconds(to *time.Duration, least, most int) func(string) error {
	return func(s string) error {
		n, err := strconv.Atoi(s)
		if err != nil || n < least || n > most {
			return fmt.Errorf("%q is not a number from %d to %d", s, least, most)
		}
		*to = time.Duration(n) * time.Second
		return nil
	}
}
