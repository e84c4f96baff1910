package platform

import (
	"bytes"
	"context"
	"os"
	"slices"
	"time"

	"github.com/tillproof/tillproof/pos"
	simulated "github.com/tillproof/tillproof/simulator/acquirer"
	"github.com/tillproof/tillproof/sync/wallet"
	"github.com/tillproof/tillproof/sync/wire"
)

// check opens the ledger again and compares what it holds with the acquirer's books and statement.
func (w *loopWorld) check() {
	if err := w.store.Close(); err != nil {
		w.t.Error(err)
	}
	w.open()
	defer w.store.Close()
	lines := w.bank.Statement(time.Time{}, time.Time{})
	byRef := map[string][]simulated.Entry{}
	for _, line := range lines {
		ref := line.Ref
		if ref == "" {
			ref = w.refOf(line.Reference)
		}
		byRef[ref] = append(byRef[ref], line)
	}
	statement, ledger := map[pos.Currency]pos.Minor{}, map[pos.Currency]pos.Minor{}
	for _, line := range lines {
		statement[line.Amount.Currency] += line.Amount.Amount
	}
	statuses := map[pos.Status]int{}
	for _, s := range w.sales {
		held := w.checkSale(s, byRef[s.task.Ref()])
		ledger[held.Currency] += held.Amount
		task, _, _ := w.store.Task(context.Background(), s.task.Payment)
		statuses[task.Status]++
		delete(byRef, s.task.Ref())
	}
	for ref, lines := range byRef {
		w.t.Errorf("the statement has %d lines of %s, which nobody sold", len(lines), ref)
	}
	for _, currency := range []pos.Currency{"EUR", "CNY"} {
		if statement[currency] != ledger[currency] {
			w.t.Errorf("the acquirer's statement holds %d %s, the ledger %d", statement[currency], currency, ledger[currency])
		}
	}
	w.checkNumbers()
	w.checkSecrets()
	w.t.Logf("%d payments ended as %v; the statement has %d lines; happened: %v", len(w.sales), statuses, len(lines), w.counts)
}

// refOf finds the payment whose QR bears a reference.
func (w *loopWorld) refOf(reference string) string {
	for _, s := range w.sales {
		if s.task.Reference == reference {
			return s.task.Ref()
		}
	}
	return reference
}

// checkSale compares one payment with the acquirer's lines of it, and returns the money that the ledger says the acquirer holds.
func (w *loopWorld) checkSale(s *loopSale, lines []simulated.Entry) pos.Money {
	task, found, err := w.store.Task(context.Background(), s.task.Payment)
	if err != nil || !found {
		w.t.Fatalf("%s: lost: %v", s.task.Order, err)
	}
	results, err := w.store.Results(context.Background(), s.task.Payment)
	if err != nil {
		w.t.Fatal(err)
	}
	told := w.story(s, task, results)
	came, went := 0, pos.Minor(0)
	for _, line := range lines {
		if line.Kind == simulated.Payment || line.Kind == simulated.Capture {
			came++
		}
		went += line.Amount.Amount
		if line.Amount.Currency != s.task.Amount.Currency {
			w.t.Errorf("%s: %v", s.task.Order, line)
		}
	}
	if came > 1 {
		w.t.Errorf("%s: charged %d times", s.task.Order, came)
	}
	if went != told.Amount {
		w.t.Errorf("%s: the tills were told of %s, the acquirer holds %d: %v", s.task.Order, told, went, lines)
	}
	if task.Unwanted && told.Amount != 0 {
		w.t.Errorf("%s: unwanted, and %s stays", s.task.Order, told)
	}
	w.checkPace(s)
	return told
}

// story follows what the tills were told, and returns what the acquirer must hold by it.
func (w *loopWorld) story(s *loopSale, task wallet.Task, results []wallet.Result) pos.Money {
	held := pos.Money{Currency: s.task.Amount.Currency}
	status, shown, due := pos.Pending, 0, false
	if s.task.Kind == wallet.Card {
		status = pos.ApprovedOffline
	}
	ended := map[string]bool{}
	slices.SortStableFunc(results, func(a, b wallet.Result) int { // each till has numbers of its own: what the payment's was told comes first
		return min(1, len(a.Operation)) - min(1, len(b.Operation))
	})
	for _, r := range results {
		key := string(r.Till) + " " + string(r.Operation)
		switch {
		case r.Operation != "" && ended[key]:
			w.t.Errorf("%s: %s has two outcomes", s.task.Order, key)
		case r.Status == pos.Captured:
			held.Amount += r.Amount.Amount
			status = pos.Captured
		case s.task.Kind == wallet.Card:
			status = pos.ForwardDeclined
		case r.Operation != "" && status == pos.Refunded: // the whole has gone back, this part before the rest
		case r.Operation != "":
			held.Amount -= r.Amount.Amount // 0 when it was refused
		case r.Status == pos.Pending && status == pos.Pending:
			shown++
		case !status.Can(r.Status):
			w.t.Errorf("%s: %s cannot follow %s", s.task.Order, r.Status, status)
		default:
			status, due = r.Status, due || r.Status == pos.RefundDue
			held.Amount = 0
			if status == pos.Approved || status == pos.RefundDue {
				held.Amount = r.Amount.Amount
			}
		}
		ended[key] = r.Operation != ""
	}
	asked := 2*len(s.tries) + len(s.refunds)
	for _, r := range results {
		if r.Operation != "" {
			asked--
		}
	}
	if asked != 0 || shown > 1 || task.Stage != wallet.Done || task.Next != 0 || held.Amount < 0 || status == pos.Pending || status == pos.ApprovedOffline {
		w.t.Errorf("%s: %s in stage %s with %s held, %d operations without an outcome: %+v", s.task.Order, status, task.Stage, held, asked, results)
	}
	if w.late[s.task.Ref()] && !due {
		w.t.Errorf("%s: paid late, and nobody was told: %+v", s.task.Order, results)
	}
	if due && held.Amount != 0 {
		w.t.Errorf("%s: late money stays: %+v", s.task.Order, results)
	}
	return held
}

// checkPace: a code is authorised once, asked for before it is given up, and never cancelled before its scheme allows it.
func (w *loopWorld) checkPace(s *loopSale) {
	calls := w.calls[s.task.Ref()]
	first := func(path string) int {
		return slices.IndexFunc(calls, func(c loopCall) bool { return c.path == "/v1/"+path })
	}
	asked, query, cancel := first("authorise"), first("query"), first("cancel")
	if asked < 0 {
		return
	}
	if slices.ContainsFunc(calls[asked+1:], func(c loopCall) bool { return c.path == "/v1/authorise" }) {
		w.t.Errorf("%s: authorised twice", s.task.Order)
	}
	if cancel < 0 {
		return
	}
	if query < 0 || query > cancel {
		w.t.Errorf("%s: cancelled without a last query", s.task.Order)
	}
	pause := calls[cancel].at.Sub(calls[asked].at)
	if s.task.Scheme == "wechat" && pause < 15*time.Second-50*time.Millisecond {
		w.t.Errorf("%s: cancelled %s after the payment call", s.task.Order, pause)
	}
}

// checkNumbers: what a till is told is numbered from 1 without a gap, whatever failed between.
func (w *loopWorld) checkNumbers() {
	for _, till := range []pos.TillID{"till-1", "till-2", "till-3", "till-other"} {
		n := uint64(0)
		for more := true; more; {
			var list []wire.Outcome
			var err error
			if list, more, err = w.store.after(context.Background(), till, n); err != nil {
				w.t.Fatal(err)
			}
			for i := range list {
				if n++; list[i].N != n {
					w.t.Fatalf("%s: result %d after %d", till, list[i].N, n-1)
				}
			}
		}
	}
}

// checkSecrets looks for customers' codes in the files of the ledger.
func (w *loopWorld) checkSecrets() {
	for _, path := range []string{w.path, w.path + "-wal"} {
		if text, err := os.ReadFile(path); err == nil && bytes.Contains(text, []byte(marked)) {
			w.t.Errorf("%s holds a customer's code", path)
		}
	}
}

// checkHappened makes sure that everything that can go wrong did.
func (w *loopWorld) checkHappened() {
	must := []string{"crash", "fault_before_commit", "fault_after_commit", "death_before_commit", "death_after_commit", "cancel_unwanted_true",
		"cancel_unwanted_false", "local_money"}
	for _, m := range []simulated.Moment{simulated.Opened, simulated.Charged, simulated.ChargedLate, simulated.Snatched, simulated.Loose, simulated.Refused,
		simulated.CodeUsed, simulated.Shut, simulated.Buried, simulated.Overtaken, simulated.Reverted, simulated.GivenBack, simulated.Collected, simulated.NotTaken,
		simulated.CaptureLost, simulated.RequestLost, simulated.RequestSlow, simulated.AnswerLost, simulated.QueryLost, simulated.CancelLost, simulated.RefundLost,
		simulated.RefundRefused, simulated.RefundPending, simulated.CapturePending} {
		must = append(must, string(m))
	}
	for _, wrong := range simulated.Wrongs() {
		must = append(must, string(wrong.Moment()))
	}
	for _, what := range must {
		if w.counts[what] == 0 {
			w.t.Errorf("%s never happened: the test does not show it", what)
		}
	}
}
