package command

import (
	"errors"
	"fmt"
	"net"

	"github.com/spf13/cobra"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/broker"
	"github.com/tillproof/tillproof/sync/mqtt"
)

// brokerCommand runs the built-in broker, or prints the access rules for another one.
func brokerCommand() *cobra.Command {
	var listen string
	var files broker.TLS
	var logs logging
	c := &cobra.Command{Use: "broker", Short: "Run the built-in MQTT broker", Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error {
		log, err := logs.logger(c.ErrOrStderr())
		if err != nil {
			return err
		}
		files.Log = log
		b, scheme, err := openBroker(listen, files)
		if err != nil {
			return err
		}
		log.Info("the broker is ready", "broker", scheme+b.Addr())
		ctx, stop := untilSignal(c.Context())
		defer stop()
		fmt.Fprintln(c.OutOrStdout(), scheme+b.Addr())
		<-ctx.Done()
		return b.Close()
	}}
	c.Flags().StringVar(&listen, "listen", "127.0.0.1:1883", "address to listen on; port 0 for any. Beyond this machine it needs --cert, --key and --ca")
	logs.flags(c)
	c.Flags().StringVar(&files.Cert, "cert", "", "PEM file of the broker's certificate: mutual TLS only")
	c.Flags().StringVar(&files.Key, "key", "", "PEM file of its key")
	c.Flags().StringVar(&files.CA, "ca", "", "PEM file of the authority whose certificates let clients in")
	c.Flags().StringVar(&files.CRL, "crl", "", "PEM file of its list of revoked certificates, read again when it changes")
	c.AddCommand(&cobra.Command{Use: "acl", Short: "Print the access rules for Mosquitto", Args: cobra.NoArgs, Run: func(c *cobra.Command, _ []string) {
		fmt.Fprint(c.OutOrStdout(), broker.MosquittoACL())
	}})
	return c
}

// openBroker starts a broker: in plain TCP on this machine only, else by mutual TLS.
func openBroker(listen string, files broker.TLS) (b *broker.Broker, scheme string, err error) {
	given := 0
	for _, path := range []string{files.Cert, files.Key, files.CA} {
		if path != "" {
			given++
		}
	}
	host, _, err := net.SplitHostPort(listen)
	switch {
	case err != nil:
		return nil, "", exit(exitUsage, err)
	case given != 0 && given != 3 || given == 0 && files.CRL != "":
		return nil, "", exit(exitUsage, errors.New("--cert, --key and --ca stand together"))
	case given == 0 && !mqtt.Loopback(host):
		return nil, "", exit(exitUsage, fmt.Errorf("%q is beyond this machine and needs TLS: --cert, --key and --ca, from tillproof platform cert --server HOST", listen))
	case given == 0:
		scheme = "tcp://"
		b, err = broker.Listen(listen, broker.OwnTopics)
	default:
		scheme = "tls://"
		b, err = broker.ListenTLS(listen, files, broker.OwnTopics)
	}
	if err != nil {
		return nil, "", exit(exitAway, pos.NewError("broker_unusable", pos.Transient, pos.NoneMoved, "The broker's address or its TLS files cannot be used.",
			"Choose another address with --listen, end what uses it, or mend the files.").Because(err))
	}
	return b, scheme, nil
}
