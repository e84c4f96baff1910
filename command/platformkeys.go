package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/sync/platform"
	"github.com/tillproof/tillproof/sync/platform/enrolled"
	"github.com/tillproof/tillproof/sync/platform/pki"
	"github.com/tillproof/tillproof/sync/wire"
)

// platformKeysCommand looks after the keys that speak for the platform.
func platformKeysCommand() *cobra.Command {
	group := &cobra.Command{Use: "keys", Short: "Look after the keys that speak for the platform: list, next, draft, sign, install, switch"}
	group.AddCommand(keysListCommand(), keysNextCommand(), keysDraftCommand(), keysSignCommand(), keysInstallCommand(), keysSwitchCommand())
	return group
}

func keysListCommand() *cobra.Command {
	f := &trustFlags{}
	c := f.add(&cobra.Command{Use: "list", Short: "Show the list of keys in force", Args: cobra.NoArgs})
	c.RunE = f.run(func(ctx context.Context, c *cobra.Command, t *enrolled.Keeper, _ []string) error {
		_, list, err := t.KeyList(ctx)
		if err != nil {
			return err
		}
		d := pki.Draft(list)
		if f.json {
			return writeJSON(c.OutOrStdout(), d)
		}
		c.Printf("version %d; this platform signs with %s\n", d.Version, t.Signer.ID())
		for _, k := range d.Keys {
			c.Printf("%s  %-6s from %s  until %s\n", k.Kid, k.Use, k.From, k.Until)
		}
		for _, kid := range d.Revoked {
			c.Printf("%s  revoked\n", kid)
		}
		return nil
	})
	return c
}

// nextPath is where a key waits that is to sign after the present one.
func nextPath(config *platform.Config) string {
	return filepath.Join(filepath.Dir(config.Keys), "platform-next.pem")
}

func keysNextCommand() *cobra.Command {
	f := &trustFlags{}
	c := f.add(&cobra.Command{Use: "next", Short: "Make the key that is to sign after the present one", Args: cobra.NoArgs})
	c.RunE = func(c *cobra.Command, _ []string) error {
		config, err := platform.LoadConfig(f.path)
		if err != nil {
			return exit(exitUsage, err)
		}
		next, err := cose.LoadOrCreate(nextPath(&config))
		if err != nil {
			return exit(exitAway, err)
		}
		if f.json {
			return writeJSON(c.OutOrStdout(), map[string]any{"kid": next.ID().String(), "public": fmt.Sprintf("%x", next.Public())})
		}
		c.Printf("%s waits in %s; next: tillproof platform keys draft\n", next.ID(), nextPath(&config))
		return nil
	}
	return c
}

func keysDraftCommand() *cobra.Command {
	f := &trustFlags{}
	var retire, revoke []string
	var overlap time.Duration
	c := f.add(&cobra.Command{Use: "draft", Short: "Print the next list of keys, to be signed where the root key is", Args: cobra.NoArgs})
	c.Flags().StringSliceVar(&retire, "retire", nil, "kids that are left out")
	c.Flags().StringSliceVar(&revoke, "revoke", nil, "kids that count for nothing any more")
	c.Flags().DurationVar(&overlap, "overlap", 30*24*time.Hour, "how long the former keys go on counting beside a new one")
	c.RunE = f.run(func(ctx context.Context, c *cobra.Command, t *enrolled.Keeper, _ []string) error {
		config, err := platform.LoadConfig(f.path)
		if err != nil {
			return exit(exitUsage, err)
		}
		_, list, err := t.KeyList(ctx)
		if err != nil {
			return err
		}
		d, now := pki.Draft(list), time.Now()
		d.Version, d.At = d.Version+1, ""
		d.Admit(t.Signer.Public(), now.Add(-time.Hour), overlap)
		d.AdmitSeal(t.Seal.Public(), now.Add(-time.Hour))
		if next, err := cose.Load(nextPath(&config)); err == nil {
			d.Admit(next.Public(), now.Add(-time.Hour), overlap)
		}
		gone := append(slices.Clone(retire), revoke...)
		d.Keys = slices.DeleteFunc(d.Keys, func(k pki.DraftKey) bool { return slices.Contains(gone, k.Kid) })
		for _, kid := range revoke {
			if _, err := pki.ParseKid(kid); err != nil {
				return exit(exitUsage, err)
			}
			if !slices.Contains(d.Revoked, kid) {
				d.Revoked = append(d.Revoked, kid)
			}
		}
		encoder := json.NewEncoder(c.OutOrStdout())
		encoder.SetIndent("", "  ")
		return encoder.Encode(d)
	})
	return c
}

func keysSignCommand() *cobra.Command {
	var rootPath, out string
	c := &cobra.Command{Use: "sign --root FILE -o FILE DRAFT", Short: "Sign a draft with the root key; needs no platform and no network", Args: cobra.ExactArgs(1)}
	c.Flags().StringVar(&rootPath, "root", "", "file of the root key")
	c.Flags().StringVarP(&out, "out", "o", "", "file of the signed list")
	c.RunE = func(c *cobra.Command, args []string) error {
		if rootPath == "" || out == "" {
			return exit(exitUsage, errors.New("name the files with --root and --out"))
		}
		root, err := cose.Load(rootPath)
		if err != nil {
			return exit(exitAway, err)
		}
		text, err := os.ReadFile(args[0])
		if err != nil {
			return exit(exitAway, err)
		}
		var d pki.KeyDraft
		if err := json.Unmarshal(text, &d); err != nil {
			return exit(exitUsage, fmt.Errorf("%s: %w", args[0], err))
		}
		list, err := d.List(time.Now())
		if err != nil {
			return exit(exitUsage, fmt.Errorf("%s: %w", args[0], err))
		}
		codec, err := wire.NewCodec()
		if err != nil {
			return err
		}
		message, err := codec.SealKeys(list, root)
		if err != nil {
			return exit(exitUsage, err)
		}
		if err := cose.WriteFile(out, message); err != nil {
			return exit(exitAway, err)
		}
		c.Printf("version %d with %d keys, signed by %s; next: tillproof platform keys install %s\n", list.Version, len(list.Keys), root.ID(), out)
		return nil
	}
	return c
}

func keysInstallCommand() *cobra.Command {
	f := &trustFlags{}
	c := f.add(&cobra.Command{Use: "install FILE", Short: "Put a signed list of keys in force; a platform that runs sends it to every till", Args: cobra.ExactArgs(1)})
	c.RunE = f.run(func(ctx context.Context, c *cobra.Command, t *enrolled.Keeper, args []string) error {
		message, err := os.ReadFile(args[0])
		if err != nil {
			return exit(exitAway, err)
		}
		if err := t.InstallKeys(ctx, message); err != nil {
			return err
		}
		if err := t.Note(ctx, "install", "keys"); err != nil {
			return err
		}
		c.Println("the list is in force")
		return nil
	})
	return c
}

func keysSwitchCommand() *cobra.Command {
	f := &trustFlags{}
	c := f.add(&cobra.Command{Use: "switch", Short: "Let the next key sign; restart the platform afterwards", Args: cobra.NoArgs})
	c.RunE = f.run(func(ctx context.Context, c *cobra.Command, t *enrolled.Keeper, _ []string) error {
		config, err := platform.LoadConfig(f.path)
		if err != nil {
			return exit(exitUsage, err)
		}
		next, err := cose.Load(nextPath(&config))
		if err != nil {
			return exit(exitAway, fmt.Errorf("no next key: %w", err))
		}
		_, list, err := t.KeyList(ctx)
		if err != nil {
			return err
		}
		now := time.Now().UnixMilli()
		if list == nil || list.Find(next.ID()) == nil || !list.Find(next.ID()).May(wire.UseAck, now) {
			return exit(exitNot, fmt.Errorf("no list in force names the next key %s: tills would not listen to it; sign and install one first", next.ID()))
		}
		former := filepath.Join(filepath.Dir(config.Keys), "platform-"+t.Signer.ID().String()+".pem")
		if err := errors.Join(os.Rename(config.Keys, former), os.Rename(nextPath(&config), config.Keys), cose.SyncDir(filepath.Dir(config.Keys))); err != nil {
			return exit(exitAway, err)
		}
		if err := t.Note(ctx, "switch", "key/"+next.ID().String()); err != nil {
			return err
		}
		c.Printf("%s signs from the next start of the platform on; the former key is kept in %s\n", next.ID(), former)
		return nil
	})
	return c
}
