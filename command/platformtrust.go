package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/sync/platform"
	"github.com/tillproof/tillproof/sync/platform/enrolled"
	"github.com/tillproof/tillproof/sync/platform/pki"
)

// trustFlags are those of the commands about keys and certificates, which work beside a platform that runs or without one.
type trustFlags struct {
	path string
	json bool
}

func (f *trustFlags) add(c *cobra.Command) *cobra.Command {
	c.Flags().StringVarP(&f.path, "config", "c", "platform.yaml", "configuration of the platform")
	c.Flags().BoolVar(&f.json, "json", false, "print JSON")
	return c
}

// open opens what the platform knows of keys. The context says in the audit log who acts.
func (f *trustFlags) open(c *cobra.Command) (context.Context, *enrolled.Keeper, error) {
	config, err := platform.LoadConfig(f.path)
	if err != nil {
		return nil, nil, exit(exitUsage, err)
	}
	ctx := c.Context()
	if ctx == nil {
		ctx = context.Background()
	}
	name := "unknown"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	ctx = platform.As(ctx, "command:"+name)
	t, err := platform.OpenTrust(ctx, config)
	return ctx, t, err
}

// run makes a command out of what works on the platform's keys. What it refuses is exit 1.
func (f *trustFlags) run(work func(ctx context.Context, c *cobra.Command, t *enrolled.Keeper, args []string) error) func(*cobra.Command, []string) error {
	return func(c *cobra.Command, args []string) error {
		ctx, t, err := f.open(c)
		if err != nil {
			return err
		}
		defer t.Close()
		err = work(ctx, c, t, args)
		var e *pos.Error
		if errors.As(err, &e) && (e.Code == "request_invalid" || e.Code == "not_found") {
			return exit(exitNot, err)
		}
		return err
	}
}

// trustCommands are the commands about keys and certificates.
func trustCommands() []*cobra.Command {
	return []*cobra.Command{enrolCodeCommand(), certCommand(), certsCommand(), revokeCommand(), rootKeyCommand(), platformKeysCommand()}
}

func enrolCodeCommand() *cobra.Command {
	f := &trustFlags{}
	var merchant, till string
	var life time.Duration
	c := f.add(&cobra.Command{Use: "enrol-code --merchant M --till T", Short: "Print a one-time code with which a till enrols", Args: cobra.NoArgs})
	c.Flags().StringVar(&merchant, "merchant", "", "owner of the till")
	c.Flags().StringVar(&till, "till", "", "id that the till is to have")
	c.Flags().DurationVar(&life, "valid", pki.CodeLife, "how long the code is good, at most 720h")
	c.RunE = f.run(func(ctx context.Context, c *cobra.Command, t *enrolled.Keeper, _ []string) error {
		code, err := t.NewCode(ctx, pos.MerchantID(merchant), pos.TillID(till), life)
		if err == nil {
			err = t.Note(ctx, "enrol_code", "till/"+till)
		}
		if err != nil {
			return err
		}
		ends := time.Now().Add(life).UTC().Format(time.RFC3339)
		if f.json {
			return writeJSON(c.OutOrStdout(), map[string]any{"code": code.String(), "till": till, "merchant": merchant, "expires_at": ends})
		}
		c.Printf("%s\n", code)
		fmt.Fprintf(c.ErrOrStderr(), "good once, until %s; on the till: tillproof enrol --code CODE --platform https://HOST:PORT -c till.yaml\n", ends)
		return nil
	})
	return c
}

func certCommand() *cobra.Command {
	f := &trustFlags{}
	var hosts []string
	var client bool
	out := ""
	c := f.add(&cobra.Command{Use: "cert --server HOST… | --client", Short: "Issue a certificate for a broker, for the platform's HTTP address, or for the platform at the broker",
		Args: cobra.NoArgs})
	c.Flags().StringSliceVar(&hosts, "server", nil, "names and addresses under which a broker or the platform's HTTP address is reached")
	c.Flags().BoolVar(&client, "client", false, "for the platform's own connection to the broker")
	c.Flags().StringVarP(&out, "out", "o", "", "beginning of the files: OUT.pem, OUT-key.pem")
	c.RunE = f.run(func(ctx context.Context, c *cobra.Command, t *enrolled.Keeper, _ []string) (err error) {
		if client == (len(hosts) > 0) || out == "" {
			return exit(exitUsage, errors.New("name --server HOST or --client, and --out"))
		}
		var cert, key []byte
		if client {
			cert, key, err = t.Platform(ctx)
		} else {
			cert, key, err = t.Server(ctx, hosts)
		}
		if err == nil {
			err = t.Note(ctx, "issue", "certificate/"+strings.Join(append(hosts, "platform")[:max(1, len(hosts))], ","))
		}
		if err != nil {
			return err
		}
		if err := errors.Join(cose.WriteFile(out+"-key.pem", key), cose.WriteFile(out+".pem", cert)); err != nil {
			return exit(exitAway, err)
		}
		if f.json {
			return writeJSON(c.OutOrStdout(), map[string]any{"cert": out + ".pem", "key": out + "-key.pem", "ca": t.AuthorityFile(), "crl": t.CRLFile()})
		}
		c.Printf("%s.pem and %s-key.pem; the authority is %s, its list of revoked certificates %s\n", out, out, t.AuthorityFile(), t.CRLFile())
		return nil
	})
	return c
}

func certsCommand() *cobra.Command {
	f := &trustFlags{}
	c := f.add(&cobra.Command{Use: "certs", Short: "List the certificates that were issued", Args: cobra.NoArgs})
	c.RunE = f.run(func(ctx context.Context, c *cobra.Command, t *enrolled.Keeper, _ []string) error {
		list, err := t.Certificates(ctx)
		if err != nil {
			return err
		}
		if f.json {
			items := []any{}
			for i := range list {
				items = append(items, list[i].Line())
			}
			return writeJSON(c.OutOrStdout(), map[string]any{"items": items})
		}
		for i := range list {
			state := "until " + time.UnixMilli(list[i].EndsAt).UTC().Format(time.DateOnly)
			if list[i].RevokedAt > 0 {
				state = "revoked " + time.UnixMilli(list[i].RevokedAt).UTC().Format(time.DateOnly) + "  " + list[i].Reason
			}
			c.Printf("%-8s %-32s %40s  %s\n", list[i].Kind, list[i].Name, list[i].Serial, state)
		}
		return nil
	})
	return c
}

func revokeCommand() *cobra.Command {
	f := &trustFlags{}
	var kid, last, reason, certificate string
	c := f.add(&cobra.Command{Use: "revoke TILL | --kid K | --certificate NAME", Short: "Take trust from a till, from one key, or from certificates", Args: cobra.MaximumNArgs(1),
		Long: "Take trust from a till: what its keys sign behind the last record that counts is refused, its calls are not answered, its certificates are revoked. What lies\n" +
			"before still reaches custody. --kid revokes one key only, such as the former one after journal rekey; --certificate revokes certificates only."})
	c.Flags().StringVar(&kid, "kid", "", "one key, 16 hex digits")
	c.Flags().StringVar(&last, "last", "", "EPOCH.SEQ of the last record that counts; the last one in custody by default")
	c.Flags().StringVar(&reason, "reason", "", "why, in a few words")
	c.Flags().StringVar(&certificate, "certificate", "", "common name or serial number")
	c.RunE = f.run(func(ctx context.Context, c *cobra.Command, t *enrolled.Keeper, args []string) error {
		named := 0
		for _, given := range []bool{len(args) > 0, kid != "", certificate != ""} {
			if given {
				named++
			}
		}
		if named != 1 {
			return exit(exitUsage, errors.New("name one of a till, --kid and --certificate"))
		}
		if certificate != "" {
			return f.revokeCertificate(ctx, c, t, certificate, reason)
		}
		return f.revokeKeys(ctx, c, t, pos.TillID(strings.Join(args, "")), kid, last, reason)
	})
	return c
}

func (f *trustFlags) revokeCertificate(ctx context.Context, c *cobra.Command, t *enrolled.Keeper, name, reason string) error {
	n, err := t.RevokeCertificates(ctx, name, reason)
	if err == nil && n == 0 {
		return exit(exitNot, fmt.Errorf("no certificate that counts has the name or number %q", name))
	}
	if err == nil {
		err = t.Note(ctx, "revoke", "certificate/"+name)
	}
	if err != nil {
		return err
	}
	return f.revoked(c, map[string]any{"certificates": n}, fmt.Sprintf("%d certificates are revoked; %s says so to the broker", n, t.CRLFile()))
}

func (f *trustFlags) revokeKeys(ctx context.Context, c *cobra.Command, t *enrolled.Keeper, till pos.TillID, kid, last, reason string) (err error) {
	var id cose.KeyID
	if kid != "" {
		if id, err = pki.ParseKid(kid); err != nil {
			return exit(exitUsage, err)
		}
		if till, err = t.OwnerOf(ctx, id); err != nil {
			return exit(exitNot, err)
		}
	}
	end, err := t.Mark(ctx, till)
	if last != "" {
		end, err = parseLast(last)
	}
	if err != nil {
		return exit(exitUsage, err)
	}
	shown := map[string]any{"till": till, "last": map[string]any{"epoch": end.Epoch.String(), "seq": end.Seq}}
	if kid != "" {
		shown["kids"] = []string{kid}
		if err := t.RevokeKey(ctx, till, id, end, reason); err != nil {
			return err
		}
		return f.revoked(c, shown, fmt.Sprintf("key %s of till %s counts up to record %d; the till goes on with its other keys", kid, till, end.Seq))
	}
	kids, certificates, err := t.RevokeTill(ctx, till, end, reason)
	if err != nil {
		return err
	}
	names := []string{}
	for _, id := range kids {
		names = append(names, id.String())
	}
	shown["kids"], shown["certificates"] = names, certificates
	return f.revoked(c, shown, fmt.Sprintf("till %s counts up to record %d: %d keys and %d certificates are revoked; %s says so to the broker", till, end.Seq, len(kids),
		certificates, t.CRLFile()))
}

func (f *trustFlags) revoked(c *cobra.Command, shown map[string]any, text string) error {
	if f.json {
		return writeJSON(c.OutOrStdout(), shown)
	}
	c.Println(text)
	return nil
}

// parseLast reads EPOCH.SEQ.
func parseLast(text string) (last pki.Last, err error) {
	epoch, seq, ok := strings.Cut(text, ".")
	if last.Epoch, err = pos.ParseEpoch(epoch); err != nil || !ok {
		return last, fmt.Errorf("%q is not EPOCH.SEQ", text)
	}
	n, err := strconv.ParseUint(seq, 10, 63)
	last.Seq = pos.Seq(n)
	return last, err
}

// rootKeyCommand makes the key that vouches for the platform's keys.
func rootKeyCommand() *cobra.Command {
	var path string
	var asJSON bool
	c := &cobra.Command{Use: "root -o FILE", Short: "Make an offline root key, which vouches for the keys of the platform", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if path == "" {
				return exit(exitUsage, errors.New("name the file with --out"))
			}
			if _, err := os.Stat(path); err == nil {
				return exit(exitUsage, fmt.Errorf("%s is there already and stays as it is", path))
			}
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				return exit(exitAway, err)
			}
			root, err := cose.LoadOrCreate(path)
			if err != nil {
				return exit(exitAway, err)
			}
			if asJSON {
				return writeJSON(c.OutOrStdout(), map[string]any{"root_key": fmt.Sprintf("%x", root.Public()), "kid": root.ID().String(), "file": path})
			}
			c.Printf("root_key: \"%x\"\n", root.Public())
			fmt.Fprintf(c.ErrOrStderr(), "put this line into platform.yaml, keep %s away from every network, and sign a list of keys: tillproof platform keys draft, sign, install\n", path)
			return nil
		}}
	c.Flags().StringVarP(&path, "out", "o", "", "file of the root key, made with mode 0600")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}
