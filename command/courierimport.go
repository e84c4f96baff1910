package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/sync/platform"
)

// ackSuffix is added to a file's name for its acknowledgements.
const ackSuffix = ".ack"

// platformImportCommand takes what tills have exported into custody.
func platformImportCommand() *cobra.Command {
	var path string
	var asJSON bool
	c := &cobra.Command{Use: "import FILE...", Short: "Take files of `journal export --seal` into custody, and write their acknowledgements beside them",
		Args: cobra.MinimumNArgs(1)}
	c.RunE = func(c *cobra.Command, files []string) error {
		config, err := platform.LoadConfig(path)
		if err != nil {
			return exit(exitUsage, err)
		}
		ctx, stop := untilSignal(c.Context())
		defer stop()
		i, err := platform.OpenImporter(ctx, config, platform.Options{Version: version()})
		if err != nil {
			return exit(exitAway, err)
		}
		defer i.Close()
		good := true
		for _, name := range files {
			result, err := importFile(ctx, i, name)
			if err != nil {
				return exit(exitAway, fmt.Errorf("%s: %w", name, err))
			}
			good = good && result.OK()
			if err := printImported(c, &result, asJSON); err != nil {
				return err
			}
		}
		if !good {
			return exit(exitNot, nil)
		}
		return nil
	}
	c.Flags().StringVarP(&path, "config", "c", "platform.yaml", "configuration of the platform; it may be running")
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a file")
	return c
}

// importFile takes one file; its acknowledgements replace those of an earlier import when they are on the disk.
func importFile(ctx context.Context, i *platform.Importer, name string) (result platform.Imported, err error) {
	file, err := os.Open(name)
	if err != nil {
		return result, err
	}
	defer file.Close()
	err = writeWhole(name+ackSuffix, func(w io.Writer) error {
		result, err = i.Import(ctx, file, w)
		return err
	})
	result.File = name
	return result, err
}

// writeWhole writes a file under a temporary name first, so that under its own name it is never half.
func writeWhole(name string, write func(io.Writer) error) error {
	part := name + ".part"
	file, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if err := errors.Join(write(file), file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(part, name)
}

func printImported(c *cobra.Command, r *platform.Imported, asJSON bool) error {
	if asJSON {
		return writeJSON(c.OutOrStdout(), r)
	}
	c.Printf("%s: %d records in %d batches are in custody; acknowledgements in %s\n", r.File, r.Records, r.Batches, r.File+ackSuffix)
	for _, text := range r.Refused {
		c.Printf("  refused: %s\n", text)
	}
	if r.Held > 0 {
		c.Printf("  %d records cannot be interpreted; they are kept and set aside\n", r.Held)
	}
	if r.Gaps > 0 {
		c.Printf("  %d batches were not taken: records before them are missing. Export again without --since, or import the earlier file first\n", r.Gaps)
	}
	if r.Forks > 0 {
		c.Printf("  %d batches belong to another branch than the one in custody; they are kept, and each payment counts once\n", r.Forks)
	}
	if !r.Whole {
		c.Printf("  %s. Everything before is taken; the rest stays on the till: export it again\n", r.Damage)
	}
	return nil
}

// platformSealKeyCommand prints the key that tills seal their files to.
func platformSealKeyCommand() *cobra.Command {
	var path, out string
	c := &cobra.Command{Use: "seal-key", Short: "Print the key that tills seal their files to: the platform.pub of `journal export --seal`", Args: cobra.NoArgs}
	c.RunE = func(c *cobra.Command, _ []string) error {
		config, err := platform.LoadConfig(path)
		if err != nil {
			return exit(exitUsage, err)
		}
		key, err := platform.SealKeyOf(config)
		if err != nil {
			return exit(exitAway, err)
		}
		if out == "" {
			fmt.Fprintln(c.OutOrStdout(), key)
			return nil
		}
		if err := cose.WriteFile(out, []byte(key.String()+"\n")); err != nil {
			return exit(exitAway, err)
		}
		c.Printf("key %s is in %s\n", key.ID(), out)
		return nil
	}
	c.Flags().StringVarP(&path, "config", "c", "platform.yaml", "configuration of the platform")
	c.Flags().StringVarP(&out, "output", "o", "", "write it to this file")
	return c
}
