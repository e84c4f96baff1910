package command

import "github.com/spf13/cobra"

// simCommand groups what plays the world around a platform or a till.
func simCommand() *cobra.Command {
	group := &cobra.Command{Use: "sim", Short: "Play tills against a platform"}
	group.AddCommand(simFleetCommand())
	return group
}
