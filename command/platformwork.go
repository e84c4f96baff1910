package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/platform"
	"github.com/tillproof/tillproof/sync/platform/database"
	"github.com/tillproof/tillproof/sync/platform/registry"
	"github.com/tillproof/tillproof/sync/platform/work"
)

// workFlags are what the commands on the list of work have in common.
type workFlags struct {
	path, kind, state, outcome, reason string
	all, json                          bool
}

// platformWorkCommand shows and works on what people must look at. The platform may run beside it; a retry waits for a platform that runs.
func platformWorkCommand() *cobra.Command {
	f := &workFlags{}
	group := &cobra.Command{Use: "work", Short: "What people must look at: refused payments, refunds that fail, forks, records set aside"}
	group.PersistentFlags().StringVarP(&f.path, "config", "c", "platform.yaml", "configuration of the platform")
	group.PersistentFlags().BoolVar(&f.json, "json", false, "print JSON")
	list := &cobra.Command{Use: "list [ID]", Short: "Show what waits, or one item", Args: cobra.MaximumNArgs(1), RunE: f.list}
	list.Flags().BoolVar(&f.all, "all", false, "also what is closed")
	list.Flags().StringVar(&f.kind, "kind", "", "items of one kind only, such as forward_declined")
	list.Flags().StringVar(&f.state, "state", "", "items of one state only: open, retrying, done, given_up")
	retry := &cobra.Command{Use: "retry ID", Short: "Ask the acquirer once more; the platform that runs does it", Args: cobra.ExactArgs(1), RunE: f.retry}
	resolve := &cobra.Command{Use: "resolve ID --outcome O --reason TEXT", Short: "Close an item", Args: cobra.ExactArgs(1), RunE: f.resolve}
	resolve.Flags().StringVar(&f.outcome, "outcome", "", "written_off, paid_otherwise, given_back or explained")
	resolve.Flags().StringVar(&f.reason, "reason", "", "why, for those who read it later")
	_ = resolve.MarkFlagRequired("outcome") // fails only for flags that are not there
	_ = resolve.MarkFlagRequired("reason")
	group.AddCommand(list, retry, resolve)
	return group
}

// with opens the list of platform.yaml's database for one command. An error of the list itself ends with 1, one of the database with 3.
func (f *workFlags) with(ctx context.Context, do func(*work.Work, *database.DB) error) error {
	config, err := platform.LoadConfig(f.path)
	if err != nil {
		return exit(exitUsage, err)
	}
	if !database.IsPostgres(config.Database) {
		if _, err := os.Stat(config.Database); err != nil { // opening would make an empty one
			return exit(exitAway, err)
		}
	}
	db, err := database.Open(ctx, config.Database)
	if err != nil {
		return exit(exitAway, err)
	}
	defer db.Close()
	w, err := work.Open(ctx, db)
	if err != nil {
		return exit(exitAway, err)
	}
	if err = work.Problem(do(w, db)); err == nil {
		return nil
	}
	var told *pos.Error
	if errors.As(err, &told) {
		return exit(exitNot, err)
	}
	return exit(exitAway, err)
}

func (f *workFlags) list(c *cobra.Command, args []string) error {
	return f.with(c.Context(), func(w *work.Work, _ *database.DB) error {
		if len(args) == 1 {
			return f.one(c, args[0], func(id pos.UUID) (work.Item, error) { return w.One(c.Context(), id) })
		}
		filter := work.Filter{Kind: work.Kind(f.kind), State: work.State(f.state), Waiting: !f.all && f.state == "", Limit: 500}
		var lines []work.Line
		for {
			items, next, err := w.List(c.Context(), filter)
			if err != nil {
				return err
			}
			for i := range items {
				lines = append(lines, items[i].Line())
			}
			if filter.After = next; next == (pos.UUID{}) {
				break
			}
		}
		return f.print(c.OutOrStdout(), lines)
	})
}

func (f *workFlags) retry(c *cobra.Command, args []string) error {
	return f.with(c.Context(), func(w *work.Work, db *database.DB) error {
		return f.one(c, args[0], func(id pos.UUID) (work.Item, error) {
			item, err := w.Retry(c.Context(), id, operator())
			return item, errors.Join(err, audited(c.Context(), db, &item, err))
		})
	})
}

func (f *workFlags) resolve(c *cobra.Command, args []string) error {
	return f.with(c.Context(), func(w *work.Work, db *database.DB) error {
		return f.one(c, args[0], func(id pos.UUID) (work.Item, error) {
			item, err := w.Resolve(c.Context(), id, work.Outcome(f.outcome), f.reason, operator())
			return item, errors.Join(err, audited(c.Context(), db, &item, err))
		})
	})
}

// audited writes what a person has done to an item into the audit log, as the API's requests are.
func audited(ctx context.Context, db *database.DB, item *work.Item, failed error) error {
	if failed != nil {
		return nil
	}
	ctx = registry.As(ctx, operator())
	log, err := registry.Open(ctx, db)
	if err != nil {
		return err
	}
	after, err := json.Marshal(item.Line())
	if err != nil {
		return err
	}
	return log.Log(ctx, registry.Entry{Action: "change", Target: "item/" + item.ID.String(), After: after})
}

// one does something with an item and prints it.
func (f *workFlags) one(c *cobra.Command, text string, do func(pos.UUID) (work.Item, error)) error {
	id, err := pos.ParseUUID(text)
	if err != nil {
		return work.ErrNoItem
	}
	item, err := do(id)
	if err != nil {
		return err
	}
	if f.json {
		return writeJSON(c.OutOrStdout(), item.Line())
	}
	return f.print(c.OutOrStdout(), []work.Line{item.Line()})
}

// print shows items, one a line.
func (f *workFlags) print(w io.Writer, lines []work.Line) error {
	if f.json {
		if lines == nil {
			lines = []work.Line{}
		}
		return writeJSON(w, map[string]any{"items": lines})
	}
	if len(lines) == 0 {
		_, err := fmt.Fprintln(w, "Nothing waits for anybody.")
		return err
	}
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, "ID\tKIND\tSTATE\tTILL\tORDER\tAMOUNT\tTRIES\tDEADLINE\tTEXT")
	for i := range lines {
		l, amount := &lines[i], ""
		if l.Amount != nil {
			amount = pos.Money{Amount: *l.Amount, Currency: l.Currency}.String()
		}
		state := string(l.State)
		if l.Outcome != "" {
			state += ": " + string(l.Outcome)
		}
		fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s\t%s\t%d of %d\t%s\t%s\n", l.ID, l.Kind, state, l.Till, l.Order, amount, l.Tries, l.TriesAllowed, l.DeadlineAt, l.Text)
	}
	return out.Flush()
}

// operator is who works here, in the words of the audit log.
func operator() string { return "command:" + systemUser() }
