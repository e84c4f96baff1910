package command

import (
	"encoding/hex"
	"fmt"
	"net/http"
	"os"

	"github.com/spf13/cobra"

	"github.com/tillproof/tillproof/agent"
	"github.com/tillproof/tillproof/agent/api"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/journal"
)

// acknowledgeCommand gives a till what `platform import` has answered.
func acknowledgeCommand(data *dataFlags) *cobra.Command {
	c := &cobra.Command{Use: "acknowledge FILE", Short: "Take the acknowledgements that `platform import` has written, also while the agent runs", Args: cobra.ExactArgs(1)}
	c.Flags().StringVarP(&data.config, "config", "c", "", "configuration of the till, instead of config.yaml in the data folder")
	c.Flags().StringVar(&data.rootKey, "root-key", "", "the platform's public key in hex, instead of the configuration's")
	c.RunE = func(c *cobra.Command, args []string) error {
		take, till, err := data.taker()
		if err != nil {
			return err
		}
		file, err := os.Open(args[0])
		if err != nil {
			return exit(exitAway, err)
		}
		defer file.Close()
		var last *api.Acknowledged
		taken := 0
		err = agent.ReadAcknowledgements(file, till, func(message []byte) error {
			out, err := take(message)
			if err == nil && out.Freed {
				taken++
			}
			last = &out
			return err
		})
		if err != nil {
			return exit(exitNot, err)
		}
		if last == nil {
			return exit(exitNot, fmt.Errorf("%s holds no acknowledgement for till %s; nothing was freed", args[0], till))
		}
		return printAcknowledged(c, data.json, taken, last)
	}
	return c
}

// taker finds who takes acknowledgements for the till, and which till it is: the running agent, or nobody but this program.
func (f *dataFlags) taker() (take func(message []byte) (api.Acknowledged, error), till pos.TillID, err error) {
	custody, err := f.open()
	if err == nil {
		till, err = journal.Owner(f.paths().Journal)
		return custody.Acknowledge, till, err
	}
	if !journalLocked(err) {
		return nil, "", err
	}
	config, err := f.configuration()
	if err != nil {
		return nil, "", exit(exitUsage, err)
	}
	return func(message []byte) (out api.Acknowledged, err error) {
		err = f.ask(http.MethodPost, "/v1/sync/acknowledgement", map[string]string{"acknowledgement": hex.EncodeToString(message)}, &out)
		return out, err
	}, config.Till, nil
}

func printAcknowledged(c *cobra.Command, asJSON bool, taken int, last *api.Acknowledged) error {
	if asJSON {
		return writeJSON(c.OutOrStdout(), map[string]any{"freed": taken > 0, "state": last.State, "epoch": last.Epoch, "seq": last.Seq, "backlog": last.Backlog})
	}
	switch {
	case last.State == "gap":
		c.Printf("The platform misses records behind number %d of epoch %s: export again without --since. %d records are not acknowledged.\n", last.Seq, last.Epoch, last.Backlog)
	case taken == 0:
		c.Printf("Nothing new: the till knew this already. %d records are not acknowledged.\n", last.Backlog)
	default:
		c.Printf("The platform holds epoch %s up to record %d. %d records are not acknowledged.\n", last.Epoch, last.Seq, last.Backlog)
	}
	return nil
}
