package command

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/tillproof/tillproof/agent"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/journal"
	"github.com/tillproof/tillproof/store/record"
)

func rekeyCommand(f *dataFlags) *cobra.Command {
	reason := ""
	c := &cobra.Command{Use: "rekey", Short: "Let a new key sign from now on; the present one names it in the journal", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return f.rekey(c, reason) }}
	c.Flags().StringVar(&reason, "reason", "", "why, in a few words; it stands in the record")
	return c
}

func (f *dataFlags) rekey(c *cobra.Command, reason string) (err error) {
	paths := f.paths()
	till, err := journal.Owner(paths.Journal)
	if err != nil {
		return err
	}
	signer, err := cose.Load(paths.Key)
	if err != nil {
		return exit(exitAway, err)
	}
	next, err := agent.NextKey(paths, true)
	if err != nil {
		return exit(exitAway, err)
	}
	segment := journal.DefaultSegment
	if config, err := agent.LoadConfig(filepath.Join(tillFolder(f.dir), "config.yaml")); err == nil {
		segment = config.Journal.SegmentMiB << 20
	}
	j, err := journal.Open(journal.Options{Dir: paths.Journal, Views: paths.Views, Till: till, Signer: signer, Version: version(),
		Clock: journal.SystemClock, Segment: segment, Next: next})
	if err != nil {
		return err
	}
	if cut := j.Signs(next.Signer); !cut { // else opening it has finished a change that was cut
		err = j.ChangeKey(*next, reason)
	}
	if err := errors.Join(err, j.Close()); err != nil {
		return err
	}
	text := fmt.Sprintf("key %s signs from now on", next.Signer.ID())
	if f.json {
		return writeJSON(c.OutOrStdout(), map[string]any{"kid": next.Signer.ID().String(), "former": signer.ID().String()})
	}
	c.Printf("%s; %s is kept as a public key in %s\n", text, signer.ID(), filepath.Dir(paths.Key))
	return nil
}

// describeKeeping puts records into words that speak of the journal itself.
func describeKeeping(body record.Body) string {
	switch b := body.(type) {
	case *record.Carry:
		return fmt.Sprintf("records up to %d of epoch %s, part %d: %d payments stay", b.Of.Seq, b.Of.Epoch, b.Part, len(b.Payments))
	case *record.Hole:
		return fmt.Sprintf("record %d of epoch %s: %s", b.From, b.Epoch, b.Reason)
	case *record.ClockJump:
		return fmt.Sprintf("the clock was set by %d ms", b.By)
	case *record.KeyChange:
		return fmt.Sprintf("key %s signs from the next commit on  %s", cose.IDOf(cose.PublicKey(b.Public)), b.Reason)
	}
	return ""
}
