package command

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/tillproof/tillproof/agent"
)

func runCommand() *cobra.Command {
	var path string
	var logs logging
	c := &cobra.Command{Use: "run -c till.yaml", Short: "Run a till", Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error {
		config, err := agent.LoadConfig(path)
		if err != nil {
			return err
		}
		log, err := logs.logger(c.ErrOrStderr())
		if err != nil {
			return err
		}
		ctx, stop := untilSignal(c.Context())
		defer stop()
		return agent.Run(ctx, config, agent.Options{Version: version(), Log: log, Ready: func(address string) {
			log.Info("the till is ready", "api", "http://"+address, "till", config.Till)
		}})
	}}
	c.Flags().StringVarP(&path, "config", "c", "till.yaml", "configuration of the till")
	logs.flags(c)
	return c
}

// untilSignal gives a context that ends with the first interrupt, so that what runs can finish. The second one ends the process at once.
func untilSignal(parent context.Context) (context.Context, context.CancelFunc) {
	if parent == nil {
		parent = context.Background()
	}
	ctx, stop := signal.NotifyContext(parent, os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}
