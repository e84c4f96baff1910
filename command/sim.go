package command

import "github.com/spf13/cobra"

// simCommand groups what plays the world around a platform or a till.
func simCommand() *cobra.Command {
	group := &cobra.Command{Use: "sim", Short: "Play what stands around a till or a platform: devices, or whole tills"}
	group.AddCommand(simFleetCommand(), simDeviceCommand())
	return group
}
