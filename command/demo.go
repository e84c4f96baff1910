package command

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"

	"github.com/spf13/cobra"

	"github.com/tillproof/tillproof/simulator/scenario"
)

// demoFlags are the flags of demo.
type demoFlags struct {
	script string
	seed   uint64
	data   string
	listen string
	json   bool
}

func demoCommand() *cobra.Command {
	f := &demoFlags{}
	c := &cobra.Command{Use: "demo", Short: "Run a whole shop with its platform, simulated devices and a simulated acquirer", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return f.run(c) }}
	c.Flags().StringVar(&f.script, "script", "", "play a day and end: offline-day")
	c.Flags().Uint64Var(&f.seed, "seed", 0, "repeat the plan of this seed; 0 takes a new one")
	c.Flags().StringVar(&f.data, "data", "", "keep everything in this folder; by default a temporary one that is removed")
	c.Flags().StringVar(&f.listen, "listen", "127.0.0.1:0", "address of the till's API; port 0 takes a free one")
	c.Flags().BoolVar(&f.json, "json", false, "print JSON")
	_ = c.RegisterFlagCompletionFunc("script", cobra.FixedCompletions([]string{"offline-day"}, cobra.ShellCompDirectiveNoFileComp)) // fails only for a flag that is not there
	return c
}

func (f *demoFlags) run(c *cobra.Command) (err error) {
	if f.script != "" && f.script != "offline-day" {
		return exit(exitUsage, fmt.Errorf("there is no script %q; there is offline-day", f.script))
	}
	if f.data == "" {
		if f.data, err = os.MkdirTemp("", "tillproof-demo-"); err != nil {
			return exit(exitAway, err)
		}
		defer os.RemoveAll(f.data) //nolint:errcheck // a temporary folder
	}
	exe, err := os.Executable()
	if err != nil {
		return exit(exitAway, err)
	}
	ctx, stop := untilSignal(c.Context())
	defer stop()
	d, err := scenario.Start(ctx, scenario.Options{Data: f.data, Exe: exe, Listen: f.listen, Brisk: f.script != ""})
	if err != nil {
		return exit(exitAway, fmt.Errorf("the demo could not be started: %w", err))
	}
	f.announce(c, d)
	if f.script == "" {
		<-ctx.Done()
		return d.Stop()
	}
	return f.play(ctx, c, d)
}

// announce says where everything is. To a person it also offers a code that pairs the first browser.
func (f *demoFlags) announce(c *cobra.Command, d *scenario.Demo) {
	r := d.Ready()
	if f.json {
		_ = writeJSON(c.OutOrStdout(), map[string]scenario.Ready{"ready": r}) // who closed our output will not read it
		return
	}
	fmt.Fprintf(c.OutOrStdout(), `A till with all four tenders, its card terminal and scanner, a broker, a platform and an acquirer are running. Interrupt to end them.

  till        %s/till
  display     %s   (the customer's side)
  platform    %s/
  panel       %s/   (plays customers, cards, cables and power cuts)
  data        %s

`, r.Till, r.Display, r.Backoffice, r.Control, r.Data)
	if pairing, err := d.Pair(c.Context()); err == nil && len(pairing.Code) == 6 {
		fmt.Fprintf(c.OutOrStdout(), "Open the till and type the pairing code %s %s (10 minutes, one browser; the panel makes more).\n\n", pairing.Code[:3], pairing.Code[3:])
	}
	fmt.Fprintf(c.OutOrStdout(), `Or sell by the API:

  curl -s '%s/v1/payments?wait=30s' -H 'Authorization: Bearer %s' \
    -H 'Content-Type: application/json' -d '{"order":"order-1","amount":1250,"currency":"EUR","tender":"card"}'

`, r.Till, r.Token)
}

// play runs the script and prints its result.
func (f *demoFlags) play(ctx context.Context, c *cobra.Command, d *scenario.Demo) error {
	seed := f.seed
	if seed == 0 {
		seed = uint64(rand.Uint32()) + 1
	}
	progress := func(done, all int) {
		if done%10 == 0 || done == all {
			fmt.Fprintf(c.ErrOrStderr(), "\roffline-day, seed %d: %d of %d sales", seed, done, all)
		}
	}
	result, err := scenario.OfflineDay(ctx, d, seed, progress)
	fmt.Fprintln(c.ErrOrStderr())
	if stopErr := d.Stop(); err == nil {
		err = stopErr
	}
	if err != nil {
		return exit(exitNot, fmt.Errorf("the day with seed %d was not finished: %w", seed, err))
	}
	if f.json {
		err = writeJSON(c.OutOrStdout(), result)
	} else {
		printDay(c, &result)
	}
	if err == nil && !result.OK {
		return exit(exitNot, nil)
	}
	return err
}

func printDay(c *cobra.Command, r *scenario.Result) {
	fmt.Fprintf(c.OutOrStdout(), `%d payments: %d approved, %d approved offline, %d declined, %d cancelled, %d expired; %d were unknown and resolved, %d are still open
%d late payments were given back
%d agent kills, %d platform kills, %d network cuts
lost %d, doubled %d
terminal, acquirer and cash %d, journal %d, ledger %d (minor units)
`, r.Payments, r.Approved, r.ApprovedOffline, r.Declined, r.Cancelled, r.Expired, r.UnknownResolved, r.UnknownOpen, r.Refunded,
		r.AgentKills, r.PlatformKills, r.NetworkCuts, r.Lost, r.Duplicated, r.TerminalTotal, r.JournalTotal, r.LedgerTotal)
	for _, v := range r.Violations {
		fmt.Fprintln(c.OutOrStdout(), v)
	}
	if r.OK {
		fmt.Fprintln(c.OutOrStdout(), "all sides agree")
	}
}
