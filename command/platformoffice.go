package command

import (
	"context"
	"errors"
	"os"
	"os/user"
	"path/filepath"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/platform"
	"github.com/tillproof/tillproof/sync/platform/database"
	"github.com/tillproof/tillproof/sync/platform/office"
	"github.com/tillproof/tillproof/sync/platform/registry"
)

// officeFlags are what the commands of the back office have in common. They work on the platform's database, also while the platform runs.
type officeFlags struct {
	config string
	json   bool
}

// officeCommands are those of the back office.
func officeCommands() (list []*cobra.Command) {
	for _, k := range keptKinds() {
		list = append(list, keptCommand(k))
	}
	return append(list, userCommand(), auditCommand(), exportLedgerCommand())
}

// bind adds the flags of one command.
func (f *officeFlags) bind(c *cobra.Command) *cobra.Command {
	c.Flags().StringVarP(&f.config, "config", "c", "platform.yaml", "configuration of the platform")
	c.Flags().BoolVar(&f.json, "json", false, "print JSON")
	return c
}

// with opens the registry, in the name of who runs the command, for one use. What the configuration names is put in first, so that the commands see the
// same as a platform that has been started with it.
func (f *officeFlags) with(c *cobra.Command, use func(ctx context.Context, r *registry.Registry, db *database.DB) error) error {
	config, err := platform.LoadConfig(f.config)
	if err != nil {
		return exit(exitUsage, err)
	}
	if !database.IsPostgres(config.Database) {
		if err := os.MkdirAll(filepath.Dir(config.Database), 0o700); err != nil {
			return errOffice(err)
		}
	}
	ctx := registry.As(c.Context(), "command:"+systemUser())
	db, err := database.Open(ctx, config.Database)
	if err != nil {
		return errOffice(err)
	}
	defer db.Close()
	r, err := registry.Open(ctx, db)
	if err != nil {
		return errOffice(err)
	}
	if err := config.Seed(ctx, r); err != nil {
		return err
	}
	return known(use(ctx, r, db))
}

// known says of what nobody foresaw that it is the database's.
func known(err error) error {
	e, x := (*pos.Error)(nil), (*exitError)(nil)
	if err == nil || errors.As(err, &e) || errors.As(err, &x) {
		return err
	}
	return errOffice(err)
}

// systemUser is who runs the command, for the audit log.
func systemUser() string {
	if who, err := user.Current(); err == nil && who.Username != "" {
		return who.Username
	}
	return "uid " + strconv.Itoa(os.Getuid())
}

func errOffice(err error) error {
	return pos.NewError("database_unusable", pos.Transient, pos.NoneMoved, "The platform's database cannot be used.",
		"Look at `data` or `database` in platform.yaml and at the rights of the folder; then run the command again.").Because(err)
}

// exportLedgerCommand writes the ledger for other programs.
func exportLedgerCommand() *cobra.Command {
	f := &officeFlags{}
	var format, till, out string
	c := &cobra.Command{Use: "export payments|records|audit", Short: "Write payments, records or the audit log as CSV or JSON lines", Args: cobra.ExactArgs(1),
		ValidArgs: []string{"payments", "records", "audit"},
		RunE: func(c *cobra.Command, args []string) error {
			if format != string(office.CSV) && format != string(office.JSONL) {
				return exit(exitUsage, pos.NewError("request_invalid", pos.Permanent, pos.NoneMoved, "--format is csv or jsonl.", "Choose one of them."))
			}
			return f.with(c, func(ctx context.Context, r *registry.Registry, db *database.DB) error {
				o, err := office.New(office.Options{DB: db, Registry: r})
				if err != nil {
					return err
				}
				if out == "" {
					return o.Export(ctx, c.OutOrStdout(), args[0], office.Format(format), till)
				}
				return writeNew(out, func(file *os.File) error { return o.Export(ctx, file, args[0], office.Format(format), till) })
			})
		}}
	c.Flags().StringVar(&format, "format", "jsonl", "csv or jsonl")
	c.Flags().StringVar(&till, "till", "", "of this till only (payments, records)")
	c.Flags().StringVarP(&out, "out", "o", "", "write to this file, which must not be there yet")
	c.Flags().StringVarP(&f.config, "config", "c", "platform.yaml", "configuration of the platform")
	return c
}

// writeNew writes a file for its owner alone; what could not be written whole is taken away again.
func writeNew(path string, write func(*os.File) error) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	err = write(file)
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err != nil {
		_ = os.Remove(path) // a part must not pass for the whole; the error says that there is none
	}
	return err
}
