package command

import (
	"github.com/spf13/cobra"

	"github.com/tillproof/tillproof/sync/platform"
)

// platformCommand runs the central platform: custody of the tills' records.
func platformCommand() *cobra.Command {
	var path string
	var logs logging
	c := &cobra.Command{Use: "platform -c platform.yaml", Short: "Run the central platform", Args: cobra.NoArgs}
	c.RunE = func(c *cobra.Command, _ []string) error {
		config, err := platform.LoadConfig(path)
		if err != nil {
			return exit(exitUsage, err)
		}
		log, err := logs.logger(c.ErrOrStderr())
		if err != nil {
			return err
		}
		ctx, stop := untilSignal(c.Context())
		defer stop()
		if err := platform.Serve(ctx, config, platform.Options{Log: log, Version: version()}); err != nil {
			return exit(exitAway, err)
		}
		return nil
	}
	c.Flags().StringVarP(&path, "config", "c", "platform.yaml", "configuration of the platform")
	logs.flags(c)
	c.AddCommand(platformImportCommand(), platformSealKeyCommand(), platformBackupCommand(), platformWorkCommand())
	c.AddCommand(trustCommands()...)
	c.AddCommand(statementCommands()...)
	c.AddCommand(officeCommands()...)
	return c
}
