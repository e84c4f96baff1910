package command

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/tillproof/tillproof/sync/platform/access"
	"github.com/tillproof/tillproof/sync/platform/database"
	"github.com/tillproof/tillproof/sync/platform/registry"
)

// userCommand manages who works in the back office.
func userCommand() *cobra.Command {
	group := &cobra.Command{Use: "user", Short: "Manage who works in the back office; with the first one everybody has to log in"}
	var role string
	sub := func(use, short string, need cobra.PositionalArgs,
		run func(ctx context.Context, f *officeFlags, c *cobra.Command, r *registry.Registry, args []string) error) *cobra.Command {
		f := &officeFlags{}
		c := f.bind(&cobra.Command{Use: use, Short: short, Args: need})
		c.RunE = func(c *cobra.Command, args []string) error {
			return f.with(c, func(ctx context.Context, r *registry.Registry, _ *database.DB) error { return run(ctx, f, c, r, args) })
		}
		group.AddCommand(c)
		return c
	}
	one := cobra.ExactArgs(1)
	add := sub("add NAME --role viewer|operator|admin", "Set somebody up; the token is printed once", one,
		func(ctx context.Context, f *officeFlags, c *cobra.Command, r *registry.Registry, args []string) error {
			token, err := r.AddPerson(ctx, registry.Person{Name: args[0], Role: access.Role(role)})
			return f.printToken(c, args[0], token, err)
		})
	add.Flags().StringVar(&role, "role", "", "viewer, operator or admin")
	_ = add.MarkFlagRequired("role") // fails only for a flag that is not there
	sub("token NAME", "Make another token; the former one and all sessions end", one,
		func(ctx context.Context, f *officeFlags, c *cobra.Command, r *registry.Registry, args []string) error {
			token, err := r.NewToken(ctx, args[0])
			return f.printToken(c, args[0], token, err)
		})
	sub("list", "Show who is set up", cobra.NoArgs, func(ctx context.Context, f *officeFlags, c *cobra.Command, r *registry.Registry, _ []string) error {
		kept, err := r.List(ctx, registry.KindPerson, registry.Range{})
		if err != nil {
			return err
		}
		return f.printAll(c.OutOrStdout(), kept)
	})
	for _, word := range []string{"disable", "enable"} {
		sub(word+" NAME", "Stop somebody from logging in, or let them again", one,
			func(ctx context.Context, f *officeFlags, c *cobra.Command, r *registry.Registry, args []string) error {
				kept, err := r.Enable(ctx, registry.KindPerson, args[0], registry.Any, word == "enable")
				if err != nil {
					return err
				}
				return f.print(c.OutOrStdout(), &kept)
			})
	}
	return group
}

// printToken tells the token this once.
func (f *officeFlags) printToken(c *cobra.Command, name, token string, err error) error {
	if err != nil {
		return err
	}
	if f.json {
		return writeJSON(c.OutOrStdout(), map[string]string{"name": name, "token": token})
	}
	c.Printf("%s logs in with this token, which is not shown again:\n%s\n", name, token)
	return nil
}

// auditCommand reads the audit log.
func auditCommand() *cobra.Command {
	f := &officeFlags{}
	var after int64
	var limit int
	c := f.bind(&cobra.Command{Use: "audit", Short: "Show who has changed what in the back office", Args: cobra.NoArgs})
	c.Flags().Int64Var(&after, "after", 0, "entries above this number")
	c.Flags().IntVar(&limit, "limit", 0, "at most so many; 0 for all")
	c.RunE = func(c *cobra.Command, _ []string) error {
		return f.with(c, func(ctx context.Context, r *registry.Registry, _ *database.DB) error {
			for entry, err := range r.Audit(ctx, after, limit) {
				if err != nil {
					return err
				}
				if f.json {
					err = writeJSON(c.OutOrStdout(), entry)
				} else {
					c.Printf("%6d  %s  %-24s %-8s %s %s\n", entry.N, entry.At, entry.Actor, entry.Action, entry.Target, entry.After)
				}
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	c.AddCommand(verifyAuditCommand())
	return c
}

// verifyAuditCommand checks the log's chain. Exit code 1: it is not as it was written.
func verifyAuditCommand() *cobra.Command {
	f := &officeFlags{}
	var head string
	c := f.bind(&cobra.Command{Use: "verify", Short: "Check that the audit log is as it was written", Args: cobra.NoArgs})
	c.Flags().StringVar(&head, "head", "", "a head that was printed earlier and kept elsewhere: it must still stand in the log")
	c.RunE = func(c *cobra.Command, _ []string) error {
		return f.with(c, func(ctx context.Context, r *registry.Registry, _ *database.DB) error {
			verdict, err := r.VerifyAudit(ctx, head)
			if err != nil {
				return err
			}
			if f.json {
				err = writeJSON(c.OutOrStdout(), verdict)
			} else {
				printVerdict(c, &verdict)
			}
			if err == nil && !verdict.OK {
				return exit(exitNot, nil)
			}
			return err
		})
	}
	return c
}

func printVerdict(c *cobra.Command, v *registry.Verdict) {
	for _, fault := range v.Faults {
		c.Println(fault)
	}
	if v.OK {
		c.Printf("%d entries are as they were written; head %s\n", v.Entries, v.Head)
		return
	}
	c.Printf("%d problems in %d entries. Keep a copy of the database; the tills' records prove themselves.\n", len(v.Faults), v.Entries)
}
