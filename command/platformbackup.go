package command

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/platform"
)

// platformBackupCommand copies the ledger while the platform runs.
func platformBackupCommand() *cobra.Command {
	var path string
	var asJSON bool
	c := &cobra.Command{Use: "backup FILE -c platform.yaml", Short: "Copy the ledger into a file while the platform runs; keys are not in it", Args: cobra.ExactArgs(1)}
	c.RunE = func(c *cobra.Command, args []string) error {
		config, err := platform.LoadConfig(path)
		if err != nil {
			return exit(exitUsage, err)
		}
		ctx, stop := untilSignal(c.Context())
		defer stop()
		report, err := platform.Backup(ctx, config, args[0])
		var e *pos.Error
		switch {
		case errors.As(err, &e) && e.Code != "backup_failed":
			return exit(exitUsage, err)
		case err != nil:
			return exit(exitAway, err)
		case asJSON:
			return writeJSON(c.OutOrStdout(), report)
		}
		fmt.Fprintf(c.OutOrStdout(), "%s: %d records of %d tills, %d bytes, as of %s\nsha256 %s\n", report.File, report.Records, report.Tills, report.Bytes,
			report.TakenAt, report.SHA256)
		fmt.Fprintf(c.OutOrStdout(), "The keys are not in it; keep a copy of %s elsewhere.\n", config.Keys)
		return nil
	}
	c.Flags().StringVarP(&path, "config", "c", "platform.yaml", "configuration of the platform")
	c.Flags().BoolVar(&asJSON, "json", false, "print the result as JSON")
	return c
}
