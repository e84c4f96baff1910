package command

import (
	"fmt"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"

	"github.com/tillproof/tillproof/agent"
)

func configCommand() *cobra.Command {
	var path string
	var printed bool
	check := &cobra.Command{Use: "check", Short: "Check a till's configuration; --print shows every key with its value", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			config, err := agent.LoadConfig(path)
			if err != nil {
				return err
			}
			for _, path := range config.SecretsToMake() {
				fmt.Fprintf(c.ErrOrStderr(), "%s: is not there yet; the next start makes it with a new secret\n", path)
			}
			if !printed {
				c.Printf("%s: ok\n", path)
				return nil
			}
			text, err := yaml.Marshal(config)
			if err != nil {
				return err
			}
			_, err = c.OutOrStdout().Write(text)
			return err
		}}
	check.Flags().StringVarP(&path, "config", "c", "till.yaml", "configuration of the till")
	check.Flags().BoolVar(&printed, "print", false, "print every key with the value in force")
	group := &cobra.Command{Use: "config", Short: "Look at configurations"}
	group.AddCommand(check)
	return group
}
