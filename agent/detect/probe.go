package detect

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/serialport"
	"github.com/tillproof/tillproof/pos"
)

// Step is one thing that was said to a port, and what came of it.
type Step struct {
	Family string `json:"family"`
	Line   string `json:"line"`   // such as "9600 8N1", "tcp"
	Asks   string `json:"asks"`   // what the bytes mean, in words
	Sent   string `json:"sent"`   // the bytes, in hex
	Answer string `json:"answer"` // in words: answers are not shown as they came
	Sure   bool   `json:"sure"`   // no other family answers so
}

// Found is the family that answered.
type Found struct {
	Family  string            `json:"family"` // the driver's name
	Kind    drivers.Kind      `json:"kind"`
	Baud    int               `json:"baud,omitempty"`
	Line    string            `json:"line"`
	Options map[string]string `json:"options,omitempty"` // of the driver, as the answer showed them
	Text    string            `json:"text"`              // what it said of itself
}

// Result is what a probe came to.
type Result struct {
	Port  string `json:"port"`
	Found *Found `json:"found,omitempty"` // nil when no answer was sure
	Guess string `json:"guess,omitempty"` // what was heard is like this, when nothing is sure
	Text  string `json:"text"`
	Next  string `json:"next"`
	Steps []Step `json:"steps"`

	// Config are the lines of till.yaml for the device, "" when nothing was found.
	Config string `json:"config,omitempty"`
}

// Probing says how to probe.
type Probing struct {
	Name    string     // as the configuration should call the port or address
	Baud    int        // instead of each family's own rate, 0 for that
	Framing string     // instead of each family's own, as of drivers.Line.Framed, "" for that
	Tell    func(Step) // told of each step when it is over; may be nil
}

// Probe asks the device at path, which somebody has named, in the language of one family after the other until an answer is sure. Path may begin with
// "tcp:" and be an address then. What is sent moves no money and changes nothing in any family: polls and questions for a status. Errors are *pos.Error of
// a port that cannot be opened or fails, ctx's, or those of a framing that no line has; the steps until then are told.
func Probe(ctx context.Context, path string, how Probing) (Result, error) {
	if how.Name == "" {
		how.Name = path
	}
	address, stream := strings.CutPrefix(path, "tcp:")
	if stream {
		return probe(ctx, target{how, address, true}, func(drivers.Line) (drivers.Conn, error) { return dial(ctx, address) })
	}
	return probe(ctx, target{how, "", false}, func(line drivers.Line) (drivers.Conn, error) { return serialport.Open(path, line) })
}

// target is what is probed.
type target struct {
	Probing
	address string
	stream  bool
}

// probe asks in each family's language, on a wire of its own that open makes.
func probe(ctx context.Context, to target, open func(drivers.Line) (drivers.Conn, error)) (Result, error) {
	r := Result{Port: to.Name, Steps: []Step{}}
	heard := make([]byte, 0, mostHeard) // of all families; it never grows
	defer func() { clear(heard) }()
	for _, f := range families(to.stream) {
		line, err := to.line(f)
		if err != nil {
			return r, err
		}
		conn, err := open(line)
		if err != nil {
			return r, err
		}
		t := &talk{ctx: ctx, conn: conn, family: f.name, form: to.form(line), tell: func(s Step) { r.take(s, to.Tell) }}
		found, err := f.ask(t)
		err = errors.Join(err, conn.Close())
		heard = append(heard, t.heard[:min(len(t.heard), mostHeard-len(heard))]...)
		clear(t.heard)
		switch {
		case ctx.Err() != nil:
			return r, ctx.Err()
		case err != nil && !to.stream && !errors.Is(err, serialport.ErrParity): // who closes a connection at an unknown word has not failed
			return r, failed(r.Port, err)
		case t.echoes:
			r.Text = "What is sent comes back as it was: nothing answers here but the wire itself."
			r.Next = "Check that the cable is plugged into the device and is the right one, and that no program or login has the port open."
			return r, nil
		case found != nil:
			r.settle(found, f, &to, line)
			return r, nil
		}
	}
	r.open(heard, to.stream)
	return r, nil
}

// line is the setting at which a family is asked.
func (to *target) line(f family) (drivers.Line, error) {
	line := f.line
	if to.Baud > 0 {
		line.Baud = to.Baud
	}
	return line.Framed(to.Framing)
}

// form is a line in words.
func (to *target) form(line drivers.Line) string {
	if to.stream {
		return "tcp"
	}
	return lineText(line)
}

func (r *Result) take(s Step, tell func(Step)) {
	r.Steps = append(r.Steps, s)
	if tell != nil {
		tell(s)
	}
}

// settle writes down what was found.
func (r *Result) settle(found *Found, f family, to *target, line drivers.Line) {
	found.Family, found.Kind, found.Line = f.name, f.kind, to.form(line)
	if !to.stream {
		found.Baud = line.Baud
	}
	r.Found = found
	r.Text = fmt.Sprintf("A device of the family %s answers (%s). %s", f.name, found.Line, found.Text)
	r.Config = offer(found, to)
	r.Next = "Put these lines into till.yaml under devices, and run `tillproof doctor`."
	if r.Config == "" {
		r.Next = fmt.Sprintf("This version has no driver %s: use another device, or a version that has it.", f.name)
	}
}

// open says what is left when nothing is sure.
func (r *Result) open(heard []byte, stream bool) {
	r.Guess = drivers.Guess(heard)
	switch {
	case r.Guess != "":
		r.Text = fmt.Sprintf("No answer was sure; what came is like %s.", r.Guess)
		r.Next = "Configure that family and look at what the till says of the device, or try another --baud."
	case len(heard) > 0:
		r.Text = fmt.Sprintf("%d bytes came that no family says.", len(heard))
		r.Next = "Try another --baud (the device's menu tells its rate), and check that the cable is made for this device."
	case stream:
		r.Text = "The address answers, and says nothing that is known here."
		r.Next = "Stop the till that uses it, if one does: a terminal serves one at a time. Check the port number in the terminal's menu, and that its link to a till is switched on; Concert V3 knows no harmless question and is configured by hand."
	default:
		r.Text = "Nothing answered."
		r.Next = "Check power, cable and the port; switch the terminal's link to a till on in its menu; then try its rate with --baud."
	}
}

// dialTime bounds the wait for a terminal on the network.
const dialTime = 5 * time.Second

func dial(ctx context.Context, address string) (drivers.Conn, error) {
	conn, err := (&net.Dialer{Timeout: dialTime}).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, pos.NewError("device_unavailable", pos.Transient, pos.NoneMoved, fmt.Sprintf("Nothing answers at %s.", address),
			"Check power and network of the device, and its address and port in its menu.").Because(err)
	}
	return conn, nil
}

func failed(port string, err error) error {
	return pos.NewError("device_unavailable", pos.Transient, pos.NoneMoved, fmt.Sprintf("The port %s failed while it was probed.", port),
		"Check the cable and the adapter, and try again.").Because(err)
}

// lineText is a line as technicians write it.
func lineText(l drivers.Line) string {
	parity := "N"
	switch l.Parity {
	case drivers.EvenParity:
		parity = "E"
	case drivers.OddParity:
		parity = "O"
	}
	return fmt.Sprintf("%d %d%s%d", l.Baud, l.DataBits, parity, l.StopBits)
}
