package command

import (
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/spf13/cobra"
)

// logging is how a program that runs for long tells what it does: on stderr, one event a line, with the same names of attributes everywhere: till, payment,
// epoch, seq, error.
type logging struct{ form, level string }

// flags adds --log and --log-level to a command.
func (l *logging) flags(c *cobra.Command) {
	c.Flags().StringVar(&l.form, "log", "text", "form of the log on stderr: text or json, one event a line")
	c.Flags().StringVar(&l.level, "log-level", "info", "the least that is logged: debug, info, warn or error")
	complete := func(words ...string) func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return words, cobra.ShellCompDirectiveNoFileComp
		}
	}
	_ = c.RegisterFlagCompletionFunc("log", complete("text", "json")) // it fails for flags that are not there only
	_ = c.RegisterFlagCompletionFunc("log-level", complete("debug", "info", "warn", "error"))
}

// logger makes the log that the flags ask for.
func (l *logging) logger(w io.Writer) (*slog.Logger, error) {
	var level slog.Level
	switch l.level {
	case "debug", "info", "warn", "error":
		if err := level.UnmarshalText([]byte(l.level)); err != nil {
			return nil, err
		}
	default:
		return nil, exit(exitUsage, fmt.Errorf("--log-level %q is not debug, info, warn or error", l.level))
	}
	options := &slog.HandlerOptions{Level: level, ReplaceAttr: inUTC}
	switch l.form {
	case "text":
		return slog.New(slog.NewTextHandler(w, options)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, options)), nil
	}
	return nil, exit(exitUsage, fmt.Errorf("--log %q is not text or json", l.form))
}

// inUTC writes times as everything of ours does, so that the logs of tills in several zones can be read together.
func inUTC(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindTime {
		a.Value = slog.StringValue(a.Value.Time().UTC().Format("2006-01-02T15:04:05.000Z"))
	}
	if a.Value.Kind() == slog.KindDuration {
		a.Value = slog.StringValue(a.Value.Duration().Round(time.Microsecond).String())
	}
	return a
}
