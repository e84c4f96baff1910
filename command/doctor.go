package command

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tillproof/tillproof/agent/doctor"
)

func doctorCommand() *cobra.Command {
	o := doctor.Options{Machine: "/"}
	var data string
	var asJSON bool
	c := &cobra.Command{Use: "doctor -c till.yaml|--data DIR", Short: "Examine a till: each line says what it means and what to do", Args: cobra.NoArgs,
		Long: "Doctor looks at a till's configuration, files, journal, disk, clock, certificate, way to the platform and devices, and asks\n" +
			"the till itself when it runs. It changes nothing and opens no device. The only addresses that it talks to are the till's\n" +
			"own and that of the configured broker.\n\n" +
			"It ends with 0 when nothing is a problem (warnings too), with 1 when something is wrong, with 2 when the configuration\n" +
			"cannot be used, with 3 when something is not available.",
		Example: "  tillproof doctor -c till.yaml\n  sudo -u till tillproof doctor -c /etc/tillproof/till.yaml --json",
		RunE: func(c *cobra.Command, _ []string) error {
			ctx, stop := untilSignal(c.Context())
			defer stop()
			if data != "" {
				o.Config = filepath.Join(tillFolder(data), "config.yaml")
			}
			o.Version = version()
			tell := func(doctor.Finding) {}
			if !asJSON {
				p := paintFor(c.OutOrStdout())
				tell = func(f doctor.Finding) { printFinding(c.OutOrStdout(), p, f) }
			}
			list := doctor.Examine(ctx, o, tell)
			if err := ctx.Err(); err != nil {
				return exit(exitAway, fmt.Errorf("stopped before everything was looked at: %w", err))
			}
			if asJSON {
				if err := writeJSON(c.OutOrStdout(), list); err != nil {
					return err
				}
			} else {
				printExamination(c.OutOrStdout(), list)
			}
			if code := doctor.Verdict(list); code != exitDone {
				return exit(code, nil)
			}
			return nil
		}}
	c.Flags().StringVarP(&o.Config, "config", "c", "till.yaml", "configuration of the till")
	c.Flags().StringVar(&data, "data", "", "instead: data folder of a till or of a demo, with its config.yaml")
	c.Flags().BoolVar(&asJSON, "json", false, "print a JSON list of {check, state, text, next}")
	c.MarkFlagsMutuallyExclusive("config", "data")
	_ = c.MarkFlagDirname("data") // it fails for flags that are not there only
	return c
}

// The widths of the table: the state, and what was looked at.
const (
	stateWide = 7
	checkWide = 16
	textWide  = 100
)

// printFinding prints one finding, its next step beneath.
func printFinding(w io.Writer, p paint, f doctor.Finding) {
	colour := map[doctor.State]string{doctor.OK: green, doctor.Warning: yellow, doctor.Problem: red}[f.State]
	indent := strings.Repeat(" ", stateWide+checkWide+4)
	lines := wrap(f.Text, textWide)
	fmt.Fprintf(w, "%s  %-*s  %s\n", p.as(colour, fmt.Sprintf("%-*s", stateWide, f.State)), checkWide, f.Check, lines[0])
	for _, line := range lines[1:] {
		fmt.Fprintf(w, "%s%s\n", indent, line)
	}
	if f.Next == "" || f.State == doctor.OK {
		return
	}
	for i, line := range wrap(f.Next, textWide-3) {
		mark := "-> "
		if i > 0 {
			mark = "   "
		}
		fmt.Fprintf(w, "%s%s%s\n", indent, mark, line)
	}
}

// printExamination counts, and repeats the one step that comes first.
func printExamination(w io.Writer, list []doctor.Finding) {
	count, first := map[doctor.State]int{}, map[doctor.State]*doctor.Finding{}
	for i := range list {
		f := &list[i]
		if count[f.State]++; first[f.State] == nil && f.Next != "" {
			first[f.State] = f
		}
	}
	p := paintFor(w)
	fmt.Fprintf(w, "\nok: %d, warnings: %d, problems: %d\n", count[doctor.OK], count[doctor.Warning], count[doctor.Problem])
	for _, state := range []doctor.State{doctor.Problem, doctor.Warning} {
		if f := first[state]; f != nil {
			fmt.Fprintf(w, "%s %s: %s\n", p.as(bold, "Next:"), f.Check, f.Next)
			return
		}
	}
}

// wrap breaks a text between words, at so many characters where it can. It has at least one line.
func wrap(text string, wide int) (lines []string) {
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len([]rune(line))+1+len([]rune(word)) > wide {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}
