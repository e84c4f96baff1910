package command

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/platform/settle"
)

// statementCommands work on acquirers' statements and on what follows from them.
func statementCommands() []*cobra.Command {
	return []*cobra.Command{importStatementCommand(), settlementCommand()}
}

// importStatementCommand takes an acquirer's statement in.
func importStatementCommand() *cobra.Command {
	var config, mapping, acquirer string
	var replace, asJSON bool
	c := &cobra.Command{Use: "import-statement FILE --mapping MAP.yaml -c platform.yaml", Short: "Take an acquirer's statement in (CSV, read by a mapping)", Args: cobra.ExactArgs(1)}
	c.RunE = func(c *cobra.Command, args []string) error {
		text, err := os.ReadFile(mapping)
		if err != nil {
			return exit(exitUsage, err)
		}
		m, err := settle.ReadMapping(text, acquirer)
		if err != nil {
			return exit(exitUsage, err)
		}
		file, err := os.Open(args[0])
		if err != nil {
			return exit(exitAway, err)
		}
		defer file.Close()
		ctx, stop := untilSignal(c.Context())
		defer stop()
		source, err := openSource(ctx, config, time.UTC)
		if err != nil {
			return err
		}
		defer source.DB.Close()
		sum, err := source.Statements.Import(ctx, settle.Import{Name: filepath.Base(args[0]), File: file, Mapping: m, Text: text, By: "command:" + systemUser(), Replace: replace,
			Progress: progress(c.ErrOrStderr())})
		if err != nil {
			return statementFailed(err)
		}
		return printImport(c.OutOrStdout(), sum, asJSON)
	}
	c.Flags().StringVarP(&config, "config", "c", "platform.yaml", "configuration of the platform")
	c.Flags().StringVar(&mapping, "mapping", "", "what stands in which column (YAML; see docs/reconcile.md)")
	c.Flags().StringVar(&acquirer, "acquirer", "", "whose statement it is, instead of the acquirer of the mapping")
	c.Flags().BoolVar(&replace, "replace", false, "take back what this file alone has told, and read it again: when its mapping was wrong")
	c.Flags().BoolVar(&asJSON, "json", false, "print the result as JSON")
	_ = c.MarkFlagRequired("mapping") // it fails for a flag that is not there
	return c
}

// statementFailed gives an import's error its exit code.
func statementFailed(err error) error {
	var e *pos.Error
	if errors.As(err, &e) && e.Code == "statement_unreadable" && e.Retry == pos.Permanent {
		return exit(exitNot, err)
	}
	if errors.As(err, &e) && e.Code == "statement_mapped" {
		return exit(exitUsage, err)
	}
	return exit(exitAway, err)
}

// progress tells once a second how far a long file is.
func progress(w io.Writer) func(lines, at, size int64) {
	next := time.Now().Add(time.Second)
	return func(lines, at, size int64) {
		if now := time.Now(); now.After(next) && size > 0 {
			next = now.Add(time.Second)
			fmt.Fprintf(w, "%d lines, %d %%\n", lines, 100*at/size)
		}
	}
}

func printImport(w io.Writer, s *settle.Statement, asJSON bool) error {
	switch {
	case asJSON:
		if err := writeJSON(w, s); err != nil {
			return err
		}
	case s.Again:
		fmt.Fprintf(w, "%s was imported before, on %s: nothing has changed\n", s.ID, s.ImportedAt)
	default:
		fmt.Fprintf(w, "%s: %d rows, %d of them new, %s to %s; %d lines left out, %d bad\n", s.ID, s.Rows, s.Added, s.From, s.To, s.Ignored, s.Bad)
	}
	if !asJSON {
		for _, p := range s.Problems {
			fmt.Fprintf(w, "line %d: %s\n", p.Line, p.Reason)
		}
	}
	if s.Err() != nil && asJSON {
		return exit(exitNot, nil)
	}
	if err := s.Err(); err != nil {
		return exit(exitNot, err)
	}
	return nil
}

// settlementCommand computes what a merchant is owed for a day. Nothing is paid by it.
func settlementCommand() *cobra.Command {
	var config, merchant, day, format, timezone string
	var shut bool
	var version int
	c := &cobra.Command{Use: "statement --merchant M --day D -c platform.yaml", Short: "Compute a merchant's settlement statement; nothing is paid by it", Args: cobra.NoArgs}
	c.RunE = func(c *cobra.Command, _ []string) error {
		id, err := pos.ParseMerchantID(merchant)
		if err != nil {
			return exit(exitUsage, err)
		}
		zone, err := time.LoadLocation(timezone)
		if err != nil {
			return exit(exitUsage, err)
		}
		source, err := openSource(c.Context(), config, zone)
		if err != nil {
			return err
		}
		defer source.DB.Close()
		var s *settle.Settlement
		if shut {
			s, err = source.Close(c.Context(), id, day, "command:"+systemUser())
		} else {
			s, err = source.Read(c.Context(), id, day, version)
		}
		if err != nil {
			return settlementFailed(err)
		}
		return s.Write(c.OutOrStdout(), format)
	}
	c.Flags().StringVarP(&config, "config", "c", "platform.yaml", "configuration of the platform")
	c.Flags().StringVar(&merchant, "merchant", "", "whose")
	c.Flags().StringVar(&day, "day", "", "day of the merchant's calendar, YYYY-MM-DD")
	c.Flags().StringVar(&format, "format", "text", "text, json or csv")
	c.Flags().StringVar(&timezone, "timezone", "UTC", "calendar of a merchant that is registered without one")
	c.Flags().BoolVar(&shut, "close", false, "close the day: the statement never changes again; a later correction is a new version")
	c.Flags().IntVar(&version, "version", 0, "a version that was closed; 0 for the last one")
	c.MarkFlagsMutuallyExclusive("close", "version")
	for _, name := range []string{"merchant", "day"} {
		_ = c.MarkFlagRequired(name) // it fails for a flag that is not there
	}
	return c
}

// settlementFailed gives an error its exit code.
func settlementFailed(err error) error {
	var e *pos.Error
	switch {
	case !errors.As(err, &e):
		return exit(exitAway, err)
	case e.Code == "day_invalid" || e.Code == "format_unknown":
		return exit(exitUsage, err)
	case e.Code == "statement_changed" || e.Code == "not_found":
		return exit(exitNot, err)
	}
	return exit(exitAway, err)
}
