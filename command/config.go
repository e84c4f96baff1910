package command

import (
	"fmt"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"

	"github.com/tillproof/tillproof/agent"
	"github.com/tillproof/tillproof/sync/platform"
)

func configCommand() *cobra.Command {
	var till, central string
	var printed bool
	check := &cobra.Command{Use: "check", Short: "Check a till's configuration, or the platform's; --print shows every key with its value", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			path, read := till, readTillConfig
			if c.Flags().Changed("platform") {
				path, read = central, readPlatformConfig
			}
			text, err := read(c, path)
			if err != nil {
				return err
			}
			if !printed {
				c.Printf("%s: ok\n", path)
				return nil
			}
			_, err = c.OutOrStdout().Write(text)
			return err
		}}
	check.Flags().StringVarP(&till, "config", "c", "till.yaml", "configuration of the till")
	check.Flags().StringVar(&central, "platform", "platform.yaml", "check this configuration of the platform, and no till's")
	check.Flags().BoolVar(&printed, "print", false, "print every key with the value in force")
	check.MarkFlagsMutuallyExclusive("config", "platform")
	group := &cobra.Command{Use: "config", Short: "Look at configurations"}
	group.AddCommand(check)
	return group
}

// readTillConfig checks till.yaml and prints it whole.
func readTillConfig(c *cobra.Command, path string) ([]byte, error) {
	config, err := agent.LoadConfig(path)
	if err != nil {
		return nil, err
	}
	for _, path := range config.SecretsToMake() {
		fmt.Fprintf(c.ErrOrStderr(), "%s: is not there yet; the next start makes it with a new secret\n", path)
	}
	return yaml.Marshal(config)
}

// readPlatformConfig checks platform.yaml and prints it whole.
func readPlatformConfig(_ *cobra.Command, path string) ([]byte, error) {
	config, err := platform.LoadConfig(path)
	if err != nil {
		return nil, err
	}
	return config.Print()
}
