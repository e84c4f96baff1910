package concert

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/drivertest"
)

func TestWhatCannotBeReadDrivesNoEvidenceOut(t *testing.T) {
	term := made(t, nil, false, nil)
	o := term.order(drivers.SaleOf, euros(1990), "a")
	term.keep(readEPlus([]byte("010000019901978" + o.private)))
	for range 2 * mostLate {
		term.keep(readEPlus([]byte("nonsense")))
	}
	if r, found := term.lateAnswer(o); !found || r.Verdict != drivers.Charged {
		t.Errorf("%+v", r)
	}
}

// TestNotKnownIsNoProofWhenItComesLate: an answer to CD=T that was kept says no more than one that was waited for.
func TestNotKnownIsNoProofWhenItComesLate(t *testing.T) {
	term := made(t, nil, true, map[string]string{"generation": "v3", "status_query": "payxpert"})
	o := term.order(drivers.SaleOf, euros(1990), "a")
	for payload, proof := range map[string]bool{
		tags("AE", "01", "AF", "10", "CD", "T", "CH", o.private):               false,
		tags("AE", "01", "AF", "06", "CD", "T", "CH", o.private, "CB", "1990"): true,
		tags("AE", "01", "AF", "06", "CD", "0", "CF", o.private):               true,
	} {
		term.late = nil
		term.keep(readTags([]byte(payload)))
		if r, found := term.lateAnswer(o); found != proof {
			t.Errorf("%s: %+v", payload, r)
		}
	}
}

// TestAQuestionLosesNoEvidence has a sale's late answer, which does not say to what it is one, come before the answer to a reprint.
func TestAQuestionLosesNoEvidence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		till, far := drivertest.Wire()
		term := made(t, till, true, map[string]string{"generation": "v3"})
		o := term.order(drivers.SaleOf, euros(1990), "a")
		go answering(far, [][]byte{[]byte(tags("AE", "01", "AF", "06", "CF", o.private) + tags("AE", "10", "CD", "3"))})
		_, err := tagged{term}.Reprint(context.Background(), nil)
		if r, found := term.lateAnswer(o); err != nil || !found || r.Verdict != drivers.NotCharged {
			t.Errorf("%v, %+v", err, r)
		}
		till.Close()
	})
}

// TestEvidenceIsLaidSideBySide recovers with what was stored and what is told now.
func TestEvidenceIsLaidSideBySide(t *testing.T) {
	approved := &drivers.Result{Decision: drivers.Approved, Amount: euros(1990), Trace: drivers.Ticket("a", privateLength)}
	declined := &drivers.Result{Decision: drivers.Declined, Amount: euros(1990), Trace: approved.Trace}
	for _, c := range []struct {
		name    string
		options map[string]string
		stored  *drivers.Result
		late    string // state of an answer that came late
		want    drivers.Verdict
	}{
		{"nothing", nil, nil, "", drivers.Undecided},
		{"stored", nil, approved, "", drivers.Undecided},
		{"stored, and the terminal keeps what it told", map[string]string{"without_ack": "kept"}, approved, "", drivers.Charged},
		{"a refusal was stored, and the terminal keeps it", map[string]string{"without_ack": "kept"}, declined, "", drivers.NotCharged},
		{"told again", nil, approved, "0", drivers.Charged},
		{"a refusal told again", nil, declined, "7", drivers.NotCharged},
		{"success stored, refusal told", nil, approved, "7", drivers.Undecided},
		{"refusal stored, success told", nil, declined, "0", drivers.Undecided},
		{"told late that it is not known", nil, nil, "9", drivers.Undecided},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				till, _ := drivertest.Wire()
				defer till.Close()
				term := made(t, till, false, c.options)
				if c.late != "" {
					term.keep(readEPlus([]byte("01" + c.late + "00001990" + "1978" + approved.Trace)))
				}
				r, err := term.Recover(context.Background(), drivers.Pending{Ref: "a", Amount: euros(1990), Stored: c.stored, Quiet: time.Hour})
				if err != nil || r.Verdict != c.want || r.Text == "" || r.Again != 0 || r.Verdict == drivers.Charged && r.Result.Amount != euros(1990) {
					t.Errorf("%+v, %v", r, err)
				}
			})
		})
	}
}

func TestNotKnownIsBelievedWhenNoCustomerCanBeBusy(t *testing.T) {
	term := made(t, nil, false, map[string]string{"generation": "v3", "status_query": "payxpert"})
	o := term.order(drivers.SaleOf, euros(1990), "a")
	for _, c := range []struct {
		payload string
		left    time.Duration
		want    drivers.Verdict
		again   time.Duration
	}{
		{tags("AE", "01", "AF", "10", "CD", "T", "CH", o.private), 20 * time.Second, drivers.Undecided, 20 * time.Second},
		{tags("AE", "01", "AF", "10", "CD", "T", "CH", o.private), 0, drivers.NotCharged, 0},
		{tags("AE", "01", "AF", "10", "CD", "T"), 0, drivers.Undecided, 0},
		{tags("AE", "01", "AF", "06", "CD", "T", "CH", o.private, "CB", "1990"), time.Minute, drivers.NotCharged, 0},
		{tags("AE", "11", "CD", "T", "CH", o.private), time.Minute, drivers.Undecided, statusRest},
		{tags("AE", "11", "CD", "T", "CH", o.private), 0, drivers.Undecided, 0},
		{tags("AE", "10", "CD", "T", "CH", o.private, "CB", "1990"), time.Minute, drivers.Undecided, 0}, // neither register nor currency
		{tags("AE", "10", "CD", "T", "CH", o.private, "CB", "1990", "CA", "01", "CE", "978"), time.Minute, drivers.Charged, 0},
		{tags("AE", "01", "AF", "12", "CD", "T", "CH", o.private), 0, drivers.Undecided, 0},
	} {
		if r := term.weighStatus(o, readTags([]byte(c.payload)), c.left); r.Verdict != c.want || r.Again != c.again || r.Text == "" {
			t.Errorf("%s with %v left: %+v", c.payload, c.left, r)
		}
	}
}

// TestTheAnswerItselfComesDuringTheQuestion has the terminal tell the sale late, and then that it does not know it: what it told of the sale counts.
func TestTheAnswerItselfComesDuringTheQuestion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		till, far := drivertest.Wire()
		term := made(t, till, true, map[string]string{"generation": "v3", "status_query": "payxpert"})
		name := drivers.Ticket("a", privateLength)
		go answering(far, [][]byte{[]byte(tags("AE", "10", "CA", "01", "CB", "1990", "CD", "0", "CE", "978", "CF", name) + tags("AE", "01", "AF", "10", "CD", "T", "CH", name))})
		r, err := term.Recover(context.Background(), drivers.Pending{Ref: "a", Amount: euros(1990), Quiet: time.Hour})
		if err != nil || r.Verdict != drivers.Charged || r.Last.Trace != name {
			t.Errorf("%+v, %v", r, err)
		}
		till.Close()
	})
}
