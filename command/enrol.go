package command

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/tillproof/tillproof/agent"
	"github.com/tillproof/tillproof/pos"
)

// enrolCommand makes a till known to the platform by a one-time code.
func enrolCommand() *cobra.Command {
	var path, code, address string
	var asJSON bool
	c := &cobra.Command{Use: "enrol --code CODE --platform https://HOST:PORT -c till.yaml", Short: "Make this till known to the platform by a one-time code", Args: cobra.NoArgs,
		Long: "Make this till known to the platform by a one-time code. The till makes its keys, proves them, and writes certificate, authority and the platform's\n" +
			"root key beside till.yaml and into it. Repeat the command with the same code when the answer was lost: nothing is done twice."}
	c.RunE = func(c *cobra.Command, _ []string) error {
		ctx, stop := untilSignal(c.Context())
		defer stop()
		done, err := agent.Enrol(ctx, path, code, address)
		if err != nil {
			return exit(enrolExit(err), err)
		}
		if asJSON {
			return writeJSON(c.OutOrStdout(), done)
		}
		c.Printf("till %s of merchant %s is enrolled; key %s signs its records\n%s names the broker %s; the certificate ends %s and is renewed by the running till\n",
			done.Till, done.Merchant, done.Kid, done.Config, done.Broker, done.EndsAt)
		return nil
	}
	c.Flags().StringVarP(&path, "config", "c", "till.yaml", "configuration of the till, made if missing")
	c.Flags().StringVar(&code, "code", "", "one-time code, from tillproof platform enrol-code")
	c.Flags().StringVar(&address, "platform", "", "address of the platform: https://host:port")
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	for _, name := range []string{"code", "platform"} {
		if err := c.MarkFlagRequired(name); err != nil {
			panic(err) // a name that is none of the flags above
		}
	}
	return c
}

// enrolExit tells a code that is refused from what was typed wrong and from what is away.
func enrolExit(err error) int {
	var e *pos.Error
	if !errors.As(err, &e) {
		return exitAway
	}
	switch e.Code {
	case "enrol_code_unknown", "enrol_code_used", "enrol_code_expired", "enrol_wrong_platform", "enrol_clock_off", "enrol_other_till", "enrol_answer_invalid",
		"enrol_request_invalid":
		return exitNot
	case "enrol_address_invalid", "config_invalid":
		return exitUsage
	}
	return exitAway
}
