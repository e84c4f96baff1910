package command

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/broker"
)

// brokerCommand runs the built-in broker, or prints the access rules for another one.
func brokerCommand() *cobra.Command {
	var listen string
	c := &cobra.Command{Use: "broker", Short: "Run the built-in MQTT broker", Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error {
		b, err := broker.Listen(listen, broker.OwnTopics)
		if err != nil {
			return exit(exitAway, pos.NewError("broker_unusable", pos.Transient, pos.NoneMoved, "The broker's address cannot be used.",
				"Choose another one with --listen, or end what uses it.").Because(err))
		}
		ctx, stop := untilSignal(c.Context())
		defer stop()
		fmt.Fprintln(c.OutOrStdout(), "tcp://"+b.Addr())
		<-ctx.Done()
		return b.Close()
	}}
	c.Flags().StringVar(&listen, "listen", "127.0.0.1:1883", "address to listen on; port 0 for any")
	c.AddCommand(&cobra.Command{Use: "acl", Short: "Print the access rules for Mosquitto", Args: cobra.NoArgs, Run: func(c *cobra.Command, _ []string) {
		fmt.Fprint(c.OutOrStdout(), broker.MosquittoACL())
	}})
	return c
}
