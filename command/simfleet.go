package command

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"runtime/debug"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/fleet"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/sync/platform"
)

// simFleetFlags are the flags of `sim fleet`.
type simFleetFlags struct {
	fleet    fleet.Options
	broker   string
	platform string
	database string
	data     string
	merchant string
	enrol    bool
	json     bool
}

func simFleetCommand() *cobra.Command {
	f := &simFleetFlags{}
	c := &cobra.Command{Use: "fleet", Short: "Play thousands of tills that deliver a backlog and sell, and prove the ledger at the end", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return f.run(c) }}
	c.Flags().IntVar(&f.fleet.Tills, "tills", 1000, "number of tills")
	c.Flags().IntVar(&f.fleet.Backlog, "backlog", 100, "records that every till has to deliver first")
	c.Flags().Float64Var(&f.fleet.Rate, "rate", 50, "live sales a second, over the whole fleet")
	c.Flags().Float64Var(&f.fleet.Cuts, "cuts", 0, "connections that are reset a second, over the whole fleet")
	c.Flags().DurationVar(&f.fleet.Duration, "duration", 30*time.Second, "of the live sales; the run ends when everything is acknowledged after that")
	c.Flags().DurationVar(&f.fleet.Spread, "spread", 10*time.Second, "the tills begin to deliver over so long, at random, as they come back after an outage")
	c.Flags().Uint64Var(&f.fleet.Seed, "seed", 0, "draws the tills' keys and sales; 0 takes a new one")
	c.Flags().StringVar(&f.broker, "broker", "", "tcp://host:port of a running broker; by default the fleet starts its own broker and platform")
	c.Flags().StringVar(&f.platform, "platform", "", "with --broker: platform.yaml of the running platform, for its key and its ledger")
	c.Flags().StringVar(&f.database, "database", "", "ledger of the fleet's own platform: a path or postgres://…; by default a file that is removed")
	c.Flags().StringVar(&f.data, "data", "", "keep the own platform's files in this folder")
	c.Flags().StringVar(&f.merchant, "merchant", "fleet", "merchant of all tills")
	c.Flags().BoolVar(&f.enrol, "merchants", false, "print the tills for platform.yaml and end")
	c.Flags().BoolVar(&f.json, "json", false, "print the result as JSON")
	return c
}

func (f *simFleetFlags) run(c *cobra.Command) error {
	merchant, err := pos.ParseMerchantID(f.merchant)
	if err != nil {
		return exit(exitUsage, err)
	}
	if (f.broker == "") != (f.platform == "") {
		return exit(exitUsage, errors.New("--broker and --platform go together; without both the fleet starts its own"))
	}
	if f.fleet.Tills < 1 || f.fleet.Tills > fleet.MaxTills {
		return exit(exitUsage, fmt.Errorf("--tills is 1 to %d", fleet.MaxTills))
	}
	if f.fleet.Merchant = merchant; f.fleet.Seed == 0 {
		f.fleet.Seed = rand.Uint64N(1 << 48)
	}
	if f.enrol {
		return f.printMerchants(c.OutOrStdout())
	}
	ctx, stop := untilSignal(c.Context())
	defer stop()
	debug.SetGCPercent(20) // a fleet is measured by its memory
	if f.broker != "" {
		config, err := platform.LoadConfig(f.platform)
		if err != nil {
			return exit(exitUsage, err)
		}
		return f.play(ctx, c, f.broker, config)
	}
	own, err := f.startOwn(ctx)
	if err != nil {
		return exit(exitAway, err)
	}
	return errors.Join(f.play(ctx, c, own.broker, own.config), own.stop(c.ErrOrStderr()))
}

// play runs the fleet and proves the ledger.
func (f *simFleetFlags) play(ctx context.Context, c *cobra.Command, broker string, config platform.Config) error {
	signer, err := cose.Load(config.Keys)
	if err != nil {
		return exit(exitAway, err)
	}
	f.fleet.Broker, f.fleet.Platform = strings.TrimPrefix(broker, "tcp://"), signer.Public()
	f.fleet.Progress = func(p fleet.Progress) { printProgress(c.ErrOrStderr(), p, f.fleet.Tills) }
	tills, err := fleet.New(f.fleet)
	if err != nil {
		return exit(exitUsage, err)
	}
	report, err := tills.Run(ctx)
	if report == nil {
		return exit(exitAway, err)
	}
	ledger, failed := platform.OpenLedger(config.Database)
	if failed != nil {
		return exit(exitAway, errors.Join(err, failed))
	}
	defer ledger.Close()
	if report.Proof, failed = tills.Prove(context.WithoutCancel(ctx), fleetLedger{ledger}); failed != nil {
		return exit(exitAway, errors.Join(err, failed))
	}
	if f.json {
		failed = writeJSON(c.OutOrStdout(), report)
	} else {
		printFleet(c.OutOrStdout(), report)
	}
	if err = errors.Join(err, failed); err != nil || !report.Proof.OK {
		return exit(exitNot, err)
	}
	return nil
}

// printMerchants prints the part of platform.yaml that enrols the fleet.
func (f *simFleetFlags) printMerchants(w io.Writer) error {
	text, err := yaml.Marshal(map[string]any{"merchants": f.merchants()})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "# sim fleet --tills %d --seed %d\n%s", f.fleet.Tills, f.fleet.Seed, text)
	return err
}

func (f *simFleetFlags) merchants() []platform.MerchantConfig {
	m := platform.MerchantConfig{Merchant: f.fleet.Merchant}
	fleet.Keys(f.fleet.Seed, f.fleet.Tills, func(till pos.TillID, key cose.PublicKey) {
		m.Tills = append(m.Tills, platform.TillConfig{Till: till, PublicKey: hex.EncodeToString(key)})
	})
	return []platform.MerchantConfig{m}
}

// fleetLedger shows a platform's ledger to the proof.
type fleetLedger struct{ *platform.Ledger }

// Marks implements [fleet.Ledger].
func (l fleetLedger) Marks(ctx context.Context) iter.Seq2[fleet.Mark, error] {
	return func(yield func(fleet.Mark, error) bool) {
		for m, err := range l.Ledger.Marks(ctx) {
			if !yield(fleet.Mark{Till: m.Till, Head: m.Head}, err) {
				return
			}
		}
	}
}

// Payments implements [fleet.Ledger].
func (l fleetLedger) Payments(ctx context.Context) iter.Seq2[fleet.Payment, error] {
	return func(yield func(fleet.Payment, error) bool) {
		for p, err := range l.Ledger.Payments(ctx) {
			if !yield(fleet.Payment{Till: p.Till, Epoch: p.Epoch, Tender: p.Tender, Status: p.Status, Money: p.Money}, err) {
				return
			}
		}
	}
}
