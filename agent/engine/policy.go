package engine

import (
	"fmt"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/policy"
)

// Override is a supervisor's word that a sale may pass which the offline policy would refuse.
type Override struct {
	Supervisor pos.PersonID
	PIN        string // a secret: it is verified and forgotten
}

// loadPolicy puts the policy in force that the journal knows. One of another life of the journal is not.
func (e *Engine) loadPolicy() error {
	known := e.journal.Views().Till().Policy
	if known == nil || known.Epoch != e.journal.Head().Epoch {
		return nil
	}
	d, err := policy.Open(known.Message, e.opts.PlatformKeys)
	if err != nil {
		return fmt.Errorf("the policy in the journal: %w", err)
	}
	e.policy.Store(d)
	return nil
}

// TakePolicy puts a policy in force: it must be signed by the platform, name this till and the present life of its journal, and be later than the one
// before. It is journalled first. The one in force again is no error; after an error the one before stays in force.
func (e *Engine) TakePolicy(message []byte) error {
	d, err := policy.Open(message, e.opts.PlatformKeys)
	if err != nil {
		return err
	}
	e.taking.Lock()
	defer e.taking.Unlock()
	epoch, before := e.journal.Head().Epoch, e.inForce()
	switch {
	case d.Till != e.opts.Till:
		return fmt.Errorf("the policy is for till %s", d.Till)
	case d.Epoch != epoch:
		return fmt.Errorf("the policy is for epoch %s; this is %s", d.Epoch, epoch)
	case before != nil && before.Version == d.Version:
		return nil
	case before != nil && before.Version > d.Version:
		return fmt.Errorf("policy %d came after policy %d", d.Version, before.Version)
	}
	if _, err := e.journal.Append(&record.Policy{Version: d.Version, Epoch: d.Epoch, Message: message}); err != nil {
		return err
	}
	e.policy.Store(d)
	return nil
}

// inForce is the policy that counts now, nil for none. A new life of the journal begins without one.
func (e *Engine) inForce() *policy.Document {
	d := e.policy.Load()
	if d == nil || d.Epoch != e.journal.Head().Epoch {
		return nil
	}
	return d
}

// PolicyState is what people see of the policy.
type PolicyState struct {
	Version  uint64 // 0: there is none
	Headroom []policy.Headroom
}

// Policy tells which policy is in force and what is used of it.
func (e *Engine) Policy() (PolicyState, error) {
	d := e.inForce()
	if d == nil {
		return PolicyState{Headroom: []policy.Headroom{}}, nil
	}
	now, err := e.exposed(d)
	return PolicyState{Version: d.Version, Headroom: d.Headroom(now)}, err
}

// oneOffline lets one sale at a time pass from the policy's judgement to its durable intent while the platform is away: two that are judged together
// would each find the room that is left for one. It returns the function that lets the next one pass.
func (e *Engine) oneOffline(mode pos.Mode) (unlock func()) {
	if mode == pos.Online || e.inForce() == nil {
		return func() {}
	}
	e.judging.Lock()
	return e.judging.Unlock
}

// mayOffline asks the policy about a sale while the platform is away. A supervisor's override is verified, and kept in the request to be journalled
// with the intent. Errors: offline_refused with rule, limit, used and headroom; those of [People].
func (e *Engine) mayOffline(r *Request, mode pos.Mode) error {
	d := e.inForce()
	if d == nil || mode == pos.Online || r.Amount.Amount == 0 {
		return nil
	}
	now, err := e.exposed(d)
	if err != nil {
		return err
	}
	refused := e.withHotlist(d).Judge(policy.Sale{Tender: r.Tender, Amount: r.Amount, Choice: r.Offline}, now)
	if refused == nil || r.Override == nil || !refused.Overridable() {
		return errPolicy(refused)
	}
	if err := e.verify(r.Override.Supervisor, r.Override.PIN); err != nil {
		return err
	}
	r.overridden = &record.Override{Supervisor: r.Override.Supervisor, Cashier: e.cashier(), Rule: string(refused.Rule), Limit: refused.Limit,
		Used: refused.Used, Version: d.Version}
	return nil
}

// withHotlist is the policy with the newer one of its own hotlist and that of the platform's configuration.
func (e *Engine) withHotlist(d *policy.Document) *policy.Document {
	if e.opts.Hotlist == nil {
		return d
	}
	list := e.opts.Hotlist()
	if list == nil || d.Hotlist != nil && d.Hotlist.IssuedAt >= list.IssuedAt {
		return d
	}
	newer := *d
	newer.Hotlist = list
	return &newer
}

// withOverride puts the supervisor's word before the intent that it lets pass.
func (r *Request) withOverride(intent *record.Intent, more ...record.Body) []record.Body {
	bodies := append([]record.Body{intent}, more...)
	if r.overridden == nil {
		return bodies
	}
	r.overridden.Payment = intent.Payment
	return append([]record.Body{r.overridden}, bodies...)
}

// exposed is what the policy judges by: what was taken and is not held by the platform, and how long that was not heard.
func (e *Engine) exposed(d *policy.Document) (policy.State, error) {
	used, err := e.exposure.bring(e.journal)
	now := policy.State{Now: time.Now().UnixMilli(), Used: used}
	if e.opts.Away != nil {
		now.Away = int64(e.opts.Away(time.UnixMilli(d.IssuedAt)) / time.Second)
	}
	return now, err
}

// errPolicy turns a refusal into words; nil stays nil.
func errPolicy(refused *policy.Refusal) error {
	if refused == nil {
		return nil
	}
	text, next := policyWords(refused)
	err := pos.NewError("offline_refused", pos.Transient, pos.NoneMoved, text, next).With("rule", string(refused.Rule))
	if refused.Limit != 0 || refused.Used != 0 || refused.Headroom != 0 {
		err = err.With("limit", refused.Limit).With("used", refused.Used).With("headroom", refused.Headroom)
	}
	return err
}

// policyWords says what stops the sale and what the cashier can do.
func policyWords(r *policy.Refusal) (text, next string) {
	next = "Take another tender, wait until the till is online, or let a supervisor allow this sale."
	switch r.Rule {
	case policy.RuleAsk:
		return "The till is offline; the shop wants the cashier to decide about each sale.",
			"Ask yourself whether you know the customer; then send the sale again with offline set to allow, or take another tender."
	case policy.RuleAmount:
		return "The amount is more than one sale may have while the till is offline.", next
	case policy.RuleTotal:
		return "All that was taken offline would be more than the shop allows until the platform has it.", next
	case policy.RuleCount:
		return "As many sales were made offline as the shop allows until the platform has them.", next
	case policy.RuleAge:
		return "The oldest sale that the platform does not have is older than the shop allows.", next
	case policy.RuleAway:
		return "The platform has not been heard for longer than the shop allows.", next
	}
	next = "Take another tender, or wait until the till is online."
	switch r.Rule {
	case policy.RuleRequired:
		return "This sale needs the platform, which cannot be reached.", next
	case policy.RuleEnded:
		return "The offline policy has ended and no new one has come.", next
	case policy.RuleCurrency:
		return "The offline policy does not speak of this currency.", next
	case policy.RuleUnset:
		return "No policy of the platform allows cards to be promised while it is away.", next
	case policy.RuleHotlist:
		return "The card is on the list of cards that are not taken, or that list is too old.", next
	}
	return "This card has been used as often or for as much as the shop allows offline.", next
}
