package command

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/platform/database"
	"github.com/tillproof/tillproof/sync/platform/registry"
)

// keptKind is a kind of things that the commands add, list, change and disable.
type keptKind struct {
	kind  registry.Kind
	name  string   // of the command
	what  string   // for people
	keys  []string // members that the arguments give
	flags []keptFlag
}

// keptFlag is a flag for one member; its name is the member's with dashes.
type keptFlag struct {
	member string
	kind   byte // 's' a text, 'n' a number, 'l' a list of texts
	usage  string
}

func keptKinds() []keptKind {
	merchant := keptFlag{"merchant", 's', "the merchant that it belongs to"}
	name := keptFlag{"name", 's', "name for people"}
	zone := keptFlag{"timezone", 's', "IANA name of the time zone"}
	return []keptKind{
		{registry.KindMerchant, "merchant", "merchants", []string{"merchant"}, []keptFlag{name, {"currency", 's', "usual currency"}, zone}},
		{registry.KindStore, "store", "stores of merchants", []string{"merchant", "store"}, []keptFlag{name, {"address", 's', "address"}, zone}},
		{registry.KindTill, "till", "tills", []string{"till"}, []keptFlag{merchant, {"store", 's', "the store that it stands in"}, name,
			{"public_key", 's', "key that signs its records, 64 hex digits; an enrolment sets it"}}},
		{registry.KindTerminal, "terminal", "card terminals' numbers at acquirers", []string{"acquirer", "terminal_id"}, []keptFlag{merchant,
			{"till", 's', "the till that it stands at"}, {"device", 's', "its name in the till's configuration"}, {"merchant_id", 's', "the merchant's number there"}}},
		{registry.KindAccount, "account", "merchants' numbers at acquirers", []string{"merchant", "acquirer"}, []keptFlag{{"merchant_id", 's', "the number"}}},
		{registry.KindFee, "fee", "what acquirers charge", []string{"id"}, []keptFlag{merchant, {"acquirer", 's', "who charges it"}, {"scheme", 's', "of codes and QRs"},
			{"brand", 's', "of cards"}, {"basis_points_100", 'n', "hundredths of a basis point: 12500 is 1.25 %"}, {"fixed", 'n', "minor units added to it"},
			{"min", 'n', "at least so many minor units"}, {"max", 'n', "at most so many minor units"}, {"currency", 's', "of the payments"}, {"from", 's', "first day, YYYY-MM-DD"}}},
		{registry.KindLimit, "limit", "offline policies", []string{"id"}, []keptFlag{merchant, {"tills", 'l', "tills that it is for; none: all others of the merchant"},
			{"currency", 's', "of its amounts"}, {"default", 's', "require_online, ask or allow"}}},
		{registry.KindSettings, "settings", "what tills are configured to; TILL, or MERCHANT/all", nil, []keptFlag{merchant}},
	}
}

// keptCommand is the group of one kind.
func keptCommand(k keptKind) *cobra.Command {
	group := &cobra.Command{Use: k.name, Short: "Manage " + k.what + "; the platform may run"}
	args := "ID"
	if len(k.keys) > 0 {
		args = strings.ToUpper(strings.Join(k.keys, " "))
	}
	n := cobra.ExactArgs(max(1, len(k.keys)))
	sub := func(use, short string, need cobra.PositionalArgs, run func(*keptRun, *cobra.Command, []string) error) *cobra.Command {
		r := &keptRun{keptKind: k}
		c := r.bind(&cobra.Command{Use: use, Short: short, Args: need})
		c.RunE = func(c *cobra.Command, args []string) error { return run(r, c, args) }
		group.AddCommand(c)
		return c
	}
	sub("add "+args, "Add one", n, (*keptRun).add).Flags().String("file", "", "members of the entry as YAML or JSON; flags come before them")
	sub("change "+args, "Change what the flags or the file name", n, (*keptRun).add).Flags().String("file", "", "members of the entry as YAML or JSON; flags come before them")
	sub("show "+args, "Show one", n, (*keptRun).show)
	sub("list", "List all, disabled ones too", cobra.NoArgs, (*keptRun).list)
	sub("disable "+args, "Stop one from counting; nothing is removed", n, (*keptRun).enable)
	sub("enable "+args, "Let a disabled one count again", n, (*keptRun).enable)
	for _, c := range group.Commands() {
		switch c.Name() {
		case "add", "change":
			addMembers(c, k.flags)
		case "list":
			c.Flags().String("merchant", "", "of this merchant only")
		}
	}
	return group
}

func addMembers(c *cobra.Command, flags []keptFlag) {
	for _, f := range flags {
		name := strings.ReplaceAll(f.member, "_", "-")
		switch f.kind {
		case 'n':
			c.Flags().Int64(name, 0, f.usage)
		case 'l':
			c.Flags().StringSlice(name, nil, f.usage)
		default:
			c.Flags().String(name, "", f.usage)
		}
	}
}

// keptRun is one call.
type keptRun struct {
	officeFlags
	keptKind
}

// key is the thing that the arguments name.
func (r *keptRun) key(args []string) string { return strings.Join(args, "/") }

// add adds, or changes what is there by what is said.
func (r *keptRun) add(c *cobra.Command, args []string) error {
	said, err := r.said(c, args)
	if err != nil {
		return exit(exitUsage, err)
	}
	return r.with(c, func(ctx context.Context, g *registry.Registry, _ *database.DB) error {
		members, revision := map[string]json.RawMessage{}, registry.New
		if c.Name() == "change" {
			before, found, err := g.Get(ctx, r.kind, r.key(args))
			if err != nil || !found {
				return orUnknown(err)
			}
			text, err := json.Marshal(before.Thing)
			if err != nil {
				return err
			}
			if err := json.Unmarshal(text, &members); err != nil {
				return err
			}
			revision = before.Revision
		}
		maps.Copy(members, said)
		thing, err := decodeThing(r.kind, members)
		if err != nil {
			return exit(exitUsage, err)
		}
		kept, err := g.Put(ctx, thing, revision)
		if err != nil {
			return err
		}
		return r.print(c.OutOrStdout(), &kept)
	})
}

func orUnknown(err error) error {
	if err == nil {
		return registry.ErrNotFound
	}
	return err
}

// said are the members that arguments, flags and file name.
func (r *keptRun) said(c *cobra.Command, args []string) (map[string]json.RawMessage, error) {
	said := map[string]json.RawMessage{}
	if path, _ := c.Flags().GetString("file"); path != "" {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		if text, err = yaml.YAMLToJSON(text); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if err := json.Unmarshal(text, &said); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	given := map[string]any{}
	for i, key := range r.keys {
		given[key] = args[i]
	}
	if r.kind == registry.KindSettings { // TILL, or MERCHANT/all
		if merchant, all := strings.CutSuffix(args[0], "/all"); all {
			given["merchant"] = merchant
		} else {
			given["till"] = args[0]
		}
	}
	for _, f := range r.flags {
		name := strings.ReplaceAll(f.member, "_", "-")
		if !c.Flags().Changed(name) {
			continue
		}
		switch f.kind {
		case 'n':
			given[f.member], _ = c.Flags().GetInt64(name) // the flag is there, as above
		case 'l':
			given[f.member], _ = c.Flags().GetStringSlice(name)
		default:
			given[f.member], _ = c.Flags().GetString(name)
		}
	}
	for member, value := range given {
		text, err := json.Marshal(value)
		if err != nil {
			return nil, err
		}
		said[member] = text
	}
	return said, nil
}

// decodeThing reads the members strictly.
func decodeThing(kind registry.Kind, members map[string]json.RawMessage) (registry.Thing, error) {
	text, err := json.Marshal(members)
	if err != nil {
		return nil, err
	}
	thing := kind.Blank()
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	return thing, d.Decode(thing)
}

func (r *keptRun) show(c *cobra.Command, args []string) error {
	return r.with(c, func(ctx context.Context, g *registry.Registry, _ *database.DB) error {
		kept, found, err := g.Get(ctx, r.kind, r.key(args))
		if err != nil || !found {
			return orUnknown(err)
		}
		return r.print(c.OutOrStdout(), &kept)
	})
}

func (r *keptRun) list(c *cobra.Command, _ []string) error {
	merchant, _ := c.Flags().GetString("merchant") // the flag is there, as above
	return r.with(c, func(ctx context.Context, g *registry.Registry, _ *database.DB) error {
		kept, err := g.List(ctx, r.kind, registry.Range{Merchant: pos.MerchantID(merchant)})
		if err != nil {
			return err
		}
		return r.printAll(c.OutOrStdout(), kept)
	})
}

func (r *keptRun) enable(c *cobra.Command, args []string) error {
	return r.with(c, func(ctx context.Context, g *registry.Registry, _ *database.DB) error {
		kept, err := g.Enable(ctx, r.kind, r.key(args), registry.Any, c.Name() == "enable")
		if err != nil {
			return err
		}
		return r.print(c.OutOrStdout(), &kept)
	})
}

func (f *officeFlags) print(w io.Writer, kept *registry.Kept) error {
	if f.json {
		return writeJSON(w, kept)
	}
	return printKept(w, kept)
}

func (f *officeFlags) printAll(w io.Writer, kept []registry.Kept) error {
	items := []*registry.Kept{}
	for i := range kept {
		items = append(items, &kept[i])
	}
	if f.json {
		return writeJSON(w, map[string]any{"items": items})
	}
	for _, k := range items {
		if err := printKept(w, k); err != nil {
			return err
		}
	}
	return nil
}

// printKept prints one line: the key, whether it counts, and its members.
func printKept(w io.Writer, k *registry.Kept) error {
	text, err := json.Marshal(k.Thing)
	if err != nil {
		return err
	}
	members := map[string]json.RawMessage{}
	if err := json.Unmarshal(text, &members); err != nil {
		return err
	}
	words := []string{}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		value := string(members[name])
		if plain, err := strconv.Unquote(value); err == nil && !strings.ContainsAny(plain, " \t\n") {
			value = plain
		}
		words = append(words, name+"="+value)
	}
	state := "enabled"
	if !k.Enabled {
		state = "disabled"
	}
	_, err = fmt.Fprintf(w, "%-32s %-8s %s\n", k.Key(), state, strings.Join(words, " "))
	return err
}
