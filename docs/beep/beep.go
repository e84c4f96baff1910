// Package beep drives Beep terminals, a family that does not exist: docs/add-a-driver.md makes it up to show how a driver is written.
//
// A Beep terminal speaks lines of ASCII that end with LF (its papers, sections 2 and 3):
//
//	till                            terminal
//	SALE 1023 EUR 7K2M9Q0A4T1X      TAKEN, then OK 17, DECLINED reason or STOPPED; or NO reason, and nothing begins
//	STOP                            nothing: the sale that runs ends with STOPPED, or as it was about to
//	GOT                             nothing: the till has the outcome
//	LAST                            LAST 17 1023 EUR 7K2M9Q0A4T1X, NONE before the first sale, or WORKING while a customer is busy
//
// What the till has to know of it (section 5):
//
//   - SALE moves money once TAKEN has left. Nothing but NO proves that it was not received.
//   - OK carries the outcome. A Beep terminal never takes money back by itself, whether or not GOT came.
//   - LAST tells the last good sale with the till's own ticket. Good sales are numbered without gaps, so that a number beyond the next one says that
//     somebody sold at the terminal itself meanwhile, and may have hidden ours.
//   - It has no voids, no refunds and no end of day at the till's wish.
package beep

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
)

// Driver describes the family.
func Driver() drivers.Driver {
	return drivers.Driver{
		Name:            "beep",
		Kind:            drivers.KindCard,
		Doc:             "Beep terminals: lines of text on a serial line or TCP",
		Line:            drivers.Line{Baud: 9600, DataBits: 8, Parity: drivers.NoParity, StopBits: 1},
		NewCardTerminal: newTerminal,
		Lacks:           lacks,
	}
}

// lacks is what the papers do not offer.
func lacks(drivers.Settings) []drivers.Function {
	return []drivers.Function{drivers.Voiding, drivers.Refunding, drivers.Settling, drivers.Counting, drivers.Reprinting, drivers.RecoverVoids,
		drivers.RecoverRefunds, drivers.Reserving}
}

// newTerminal makes the driver of one terminal. It sends nothing. The family has no options, so that every one is a mistake in till.yaml.
func newTerminal(conn drivers.Conn, settings drivers.Settings) (drivers.CardTerminal, error) {
	for name := range settings.Options {
		return nil, fmt.Errorf("unknown option %q; beep has none", name)
	}
	return &terminal{conn: conn, reader: drivers.NewReader(conn), currency: settings.Currency}, nil
}

// The family's times (section 4), and how soon a wish or the end of a context is noticed.
const (
	answerTime = 2 * time.Second
	saleTime   = 3 * time.Minute
	glance     = 200 * time.Millisecond
	longest    = 128 // bytes of a line; a longer one is noise
)

// terminal is one Beep terminal on one wire. One goroutine uses it at a time.
type terminal struct {
	conn     drivers.Conn
	reader   *drivers.Reader
	currency pos.Currency
}

// send writes one line. left says that a part of it may have left us.
func (t *terminal) send(words ...string) (left bool, err error) {
	if err := t.conn.SetWriteDeadline(time.Now().Add(answerTime)); err != nil {
		return false, err
	}
	n, err := t.conn.Write([]byte(strings.Join(words, " ") + "\n"))
	return n > 0, err
}

// receive waits for the next line and returns its words. notice is called every moment, and its error ends the wait.
func (t *terminal) receive(until time.Time, notice func() error) ([]string, error) {
	var line []byte
	for {
		if err := notice(); err != nil {
			return nil, err
		}
		b, err := t.reader.Next(earlier(until, time.Now().Add(glance)))
		switch {
		case errors.Is(err, drivers.ErrQuiet) && time.Now().Before(until):
			continue
		case err != nil:
			return nil, err
		case b == '\n':
			return strings.Fields(string(line)), nil
		}
		if line = append(line, b); len(line) > longest {
			line = line[:0]
		}
	}
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// await waits for a line that begins with one of some words. What else comes is late or noise, and is passed over.
func (t *terminal) await(wait time.Duration, notice func() error, firsts ...string) ([]string, error) {
	for until := time.Now().Add(wait); ; {
		words, err := t.receive(until, notice)
		if err != nil {
			return nil, err
		}
		if len(words) > 0 && slices.Contains(firsts, words[0]) {
			return words, nil
		}
	}
}

// booking is a good sale as LAST tells it.
type booking struct {
	trace  int // 0: there is none yet
	amount pos.Money
	ticket string
}

// last names it as the engine keeps it.
func (b booking) last() drivers.Last {
	if b.trace == 0 {
		return drivers.Last{}
	}
	return drivers.Last{Trace: strconv.Itoa(b.trace)}
}

// errWorking says that a customer is busy at the terminal.
var errWorking = errors.New("a customer is busy at the terminal")

// ask reads the terminal's last sale. It moves no money.
func (t *terminal) ask(ctx context.Context) (booking, error) {
	if _, err := t.send("LAST"); err != nil {
		return booking{}, errAway(err)
	}
	words, err := t.await(answerTime, ctx.Err, "LAST", "NONE", "WORKING")
	switch {
	case err != nil:
		return booking{}, errAway(err)
	case words[0] == "WORKING":
		return booking{}, errWorking
	case words[0] == "NONE":
		return booking{}, nil
	}
	if len(words) != 5 {
		return booking{}, errAway(fmt.Errorf("LAST with %d words", len(words)))
	}
	trace, traceErr := strconv.Atoi(words[1])
	amount, amountErr := strconv.ParseInt(words[2], 10, 64)
	if err := errors.Join(traceErr, amountErr); err != nil {
		return booking{}, errAway(err)
	}
	return booking{trace: trace, amount: pos.Money{Amount: pos.Minor(amount), Currency: pos.Currency(words[3])}, ticket: words[4]}, nil
}

// Open waits until no customer is busy with an old sale, and reads the last one. A Beep terminal wants no registration.
func (t *terminal) Open(ctx context.Context) (drivers.Last, error) {
	for {
		b, err := t.ask(ctx)
		if !errors.Is(err, errWorking) {
			return b.last(), err
		}
		select {
		case <-ctx.Done():
			return drivers.Last{}, errAway(ctx.Err())
		case <-time.After(answerTime):
		}
	}
}

// Status asks for the last sale too: the family has no other harmless question.
func (t *terminal) Status(ctx context.Context) (drivers.State, error) {
	switch _, err := t.ask(ctx); {
	case errors.Is(err, errWorking):
		return drivers.State{Text: "A customer is busy at the terminal. Wait."}, nil
	case err != nil:
		return drivers.State{}, err
	}
	return drivers.State{Ready: true}, nil
}

// Close has nothing to do: there is no log-off.
func (t *terminal) Close(context.Context) error { return nil }

// Sale asks for money and follows the terminal to its end.
func (t *terminal) Sale(ctx context.Context, sale drivers.Sale) (drivers.Outcome, error) {
	if m := sale.Amount; m.Amount <= 0 || m.Amount > pos.MaxAmount || m.Currency != t.currency {
		return drivers.Outcome{}, pos.NewError("amount_invalid", pos.Permanent, pos.NoneMoved, fmt.Sprintf("The terminal cannot take %s.", m), "Check the amount.")
	}
	left, err := t.send("SALE", strconv.FormatInt(int64(sale.Amount.Amount), 10), string(sale.Amount.Currency), ticket(sale.Ref))
	switch {
	case err != nil && !left:
		return drivers.Outcome{}, errAway(err)
	case err != nil:
		return drivers.Outcome{}, errUnknown(err)
	}
	words, err := t.await(answerTime, ctx.Err, "TAKEN", "NO")
	switch {
	case err != nil:
		return drivers.Outcome{}, errUnknown(err) // SALE may have arrived and TAKEN may have been lost
	case words[0] == "NO":
		return drivers.Outcome{}, pos.NewError("terminal_refused", pos.Permanent, pos.NoneMoved, "The terminal refuses: "+reason(words)+".", "Look at the terminal's screen.")
	}
	sale.Progress(drivers.Progress{Text: "Insert or tap the card"})
	if words, err = t.await(saleTime, t.stopping(ctx, sale.Cancel), "OK", "DECLINED", "STOPPED"); err != nil {
		return drivers.Outcome{}, errUnknown(err)
	}
	return t.conclude(sale, words)
}

// ticket is how the terminal calls a sale of the till.
func ticket(ref string) string { return drivers.Ticket(ref, 12) }

// stopping notices the end of ctx, and passes the cashier's wish on, once. What becomes of the sale the terminal still says.
func (t *terminal) stopping(ctx context.Context, wish <-chan struct{}) func() error {
	return func() error {
		select {
		case <-wish:
			wish = nil
			if _, err := t.send("STOP"); err != nil {
				return err
			}
		default:
		}
		return ctx.Err()
	}
}

// conclude makes the outcome durable, and tells the terminal only then (law 2).
func (t *terminal) conclude(sale drivers.Sale, words []string) (drivers.Outcome, error) {
	result := drivers.Result{Decision: drivers.Cancelled, Text: "Stopped at the terminal"}
	switch {
	case words[0] == "OK" && len(words) != 2:
		return drivers.Outcome{}, errUnknown(fmt.Errorf("OK with %d words", len(words)))
	case words[0] == "OK":
		result = drivers.Result{Decision: drivers.Approved, Amount: sale.Amount, Trace: words[1]}
	case words[0] == "DECLINED":
		result = drivers.Result{Decision: drivers.Declined, Text: reason(words)}
	}
	if err := sale.Commit(result); err != nil {
		return drivers.Outcome{}, errUnknown(err)
	}
	if _, err := t.send("GOT"); err != nil {
		return drivers.Outcome{}, errUnknown(err)
	}
	return drivers.Outcome{Result: result}, nil
}

// reason is what a terminal says behind the first word.
func reason(words []string) string { return strings.Join(words[1:], " ") }

// Recover asks for the last sale and compares it with the one that is looked for. An answer is believed when ticket, amount and number fit.
func (t *terminal) Recover(ctx context.Context, pending drivers.Pending) (drivers.Recovery, error) {
	b, err := t.ask(ctx)
	if errors.Is(err, errWorking) {
		return drivers.Recovery{Verdict: drivers.Undecided, Text: "A customer is still busy at the terminal.", Again: answerTime}, nil
	}
	if err != nil {
		return drivers.Recovery{}, err
	}
	return judge(b, pending), nil
}

// judge says what the terminal's last sale proves.
func judge(b booking, pending drivers.Pending) drivers.Recovery {
	found := drivers.Recovery{Verdict: drivers.Undecided, Last: b.last()}
	before, _ := strconv.Atoi(pending.Before.Trace) // 0 when the terminal had none
	switch ours := b.ticket == ticket(pending.Ref); {
	case pending.What != drivers.SaleOf && pending.What != "":
		found.Text = "The family has sales only: this cannot have been asked of it."
	case ours && b.amount == pending.Amount:
		found.Verdict, found.Text = drivers.Charged, fmt.Sprintf("The terminal holds it as sale %d.", b.trace)
		found.Result = drivers.Result{Decision: drivers.Approved, Amount: b.amount, Trace: strconv.Itoa(b.trace)}
	case ours:
		found.Text = fmt.Sprintf("The terminal holds it with another amount, %s. Look at its receipt.", b.amount)
	case b.trace > before+1 || b.trace < before:
		found.Text = fmt.Sprintf("The terminal has sold without the till meanwhile (its last sale is %d). Look for this one in its own list of sales.", b.trace)
	default:
		found.Verdict, found.Text = drivers.NotCharged, "The terminal does not hold it."
	}
	return found
}

// Void is not in the papers.
func (t *terminal) Void(context.Context, drivers.Sale, drivers.Last) (drivers.Outcome, error) {
	return drivers.Outcome{}, errLacks("void a sale", "Give cash back.")
}

// Refund is not in the papers.
func (t *terminal) Refund(context.Context, drivers.Sale) (drivers.Outcome, error) {
	return drivers.Outcome{}, errLacks("give money back to a card", "Give cash back.")
}

// Settle is not in the papers: a Beep terminal settles by itself at night.
func (t *terminal) Settle(context.Context, func(drivers.Progress), func(drivers.Totals) error) (drivers.Totals, error) {
	return drivers.Totals{}, errLacks("settle at the till's wish", "Compare its list of sales with the till's.")
}

func errLacks(what, next string) error {
	return pos.NewError("not_supported", pos.Permanent, pos.NoneMoved, "Beep terminals cannot "+what+".", next)
}

// errAway is a terminal that was not reached: nothing moved.
func errAway(err error) error {
	return pos.NewError("device_unavailable", pos.Transient, pos.NoneMoved, "The terminal does not answer.", "Check its power and cable; it is opened again by itself.").Because(err)
}

// errUnknown is a sale whose outcome nobody knows yet: the engine asks by Recover.
func errUnknown(err error) error {
	return pos.NewError("outcome_unknown", pos.OutcomeUnknown, pos.MoneyUnknown, "The terminal did not tell what became of the sale.",
		"Do not charge again; the terminal is asked.").Because(err)
}
