package command

import (
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/tillproof/tillproof/sync/platform"
)

// platformCommand runs the central platform: custody of the tills' records.
func platformCommand() *cobra.Command {
	var path string
	c := &cobra.Command{Use: "platform -c platform.yaml", Short: "Run the central platform", Args: cobra.NoArgs}
	c.RunE = func(c *cobra.Command, _ []string) error {
		config, err := platform.LoadConfig(path)
		if err != nil {
			return exit(exitUsage, err)
		}
		ctx, stop := untilSignal(c.Context())
		defer stop()
		log := slog.New(slog.NewTextHandler(c.ErrOrStderr(), nil))
		if err := platform.Serve(ctx, config, platform.Options{Log: log}); err != nil {
			return exit(exitAway, err)
		}
		return nil
	}
	c.Flags().StringVarP(&path, "config", "c", "platform.yaml", "configuration of the platform")
	return c
}
