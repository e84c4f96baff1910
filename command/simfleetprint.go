package command

import (
	"fmt"
	"io"
	"time"

	"github.com/tillproof/tillproof/simulator/fleet"
)

// printProgress is one line a second.
func printProgress(w io.Writer, p fleet.Progress, tills int) {
	fmt.Fprintf(w, "%5.1f s  %d of %d tills connected, %d backlogs delivered, %d of %d records acknowledged\n",
		p.Elapsed.Seconds(), p.Connected, tills, p.Drained, p.Acked, p.Made)
}

// printFleet prints the result for people.
func printFleet(w io.Writer, r *fleet.Report) {
	second := func(ms int64) time.Duration {
		return (time.Duration(ms) * time.Millisecond).Round(100 * time.Millisecond)
	}
	fmt.Fprintf(w, "tills      %d, connected in %s\n", r.Tills, second(r.ConnectMS))
	fmt.Fprintf(w, "backlog    %d records a till, delivered in %s: %d records/s\n", r.Backlog, second(r.DrainMS), r.PerSecond)
	printWait(w, "live", "acknowledged after", r.Live)
	printWait(w, "", "behind a backlog after", r.Behind)
	fmt.Fprintf(w, "memory     %d bytes a till (%.1f MB for all)\n", r.Memory.PerTill, float64(r.Memory.PerTill)*float64(r.Tills)/1e6)
	fmt.Fprintf(w, "processor  %s in a run of %s\n", second(r.CPU), second(r.RunMS))
	n := r.Counts
	fmt.Fprintf(w, "way        %d batches, %.1f MB, %d connections, %d cut, %d gaps, %d time-outs\n", n.Batches, float64(n.Bytes)/1e6, n.Connects, n.Cuts, n.Gaps, n.Timeouts)
	p := r.Proof
	fmt.Fprintf(w, "proof      %d of %d heads, %d of %d payments\n", p.Heads, r.Tills, p.Ledger, p.Payments)
	printTotals(w, p.LedgerTaken)
	for _, text := range p.Differences {
		fmt.Fprintf(w, "  %s\n", text)
	}
	if p.OK {
		fmt.Fprintln(w, "The ledger is what the tills have recorded.")
	} else {
		fmt.Fprintln(w, "The ledger is NOT what the tills have recorded. Simulated tills only: no money is concerned.")
	}
}

func printWait(w io.Writer, name, words string, v fleet.Wait) {
	if v.Sales > 0 {
		fmt.Fprintf(w, "%-10s %d sales %s %.1f ms (p50), %.1f ms (p99), %.1f ms at most\n", name, v.Sales, words, v.P50, v.P99, v.Most)
	}
}
