package command

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tillproof/tillproof/qr/code"
)

// classified is one line of --json. It does not repeat the code, which is a secret.
type classified struct {
	Kind   code.Kind   `json:"kind"`
	Scheme code.Scheme `json:"scheme,omitempty"`
	Length int         `json:"length"`
	Note   string      `json:"note"`
}

func classifyCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{Use: "classify [CODE|-]", Short: "Say which wallet a customer's code is of", Args: cobra.MaximumNArgs(1),
		Long: "Classify reads one code from the argument, or one a line from stdin, and says what a till takes it for while a\n" +
			"payment waits. The code itself is not repeated. It ends with 1 if any of them cannot be charged.",
		RunE: func(c *cobra.Command, args []string) error {
			in := c.InOrStdin()
			if len(args) == 1 && args[0] != "-" {
				in = strings.NewReader(strings.TrimRight(args[0], "\r\n") + "\n") // an empty one is a code, too
			}
			return classify(in, c.OutOrStdout(), asJSON)
		}}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON, one object a code")
	return c
}

func classify(in io.Reader, out io.Writer, asJSON bool) error {
	all := true
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxCode+1)
	for lines.Scan() {
		text := code.Trim(lines.Text())
		class := code.Classify(text)
		all = all && class.Kind.Payable()
		if asJSON {
			if err := writeJSON(out, classified{class.Kind, class.Scheme, len(text), class.Note}); err != nil {
				return err
			}
			continue
		}
		if _, err := fmt.Fprintf(out, "%-16s %-14s %s\n", class.Kind, class.Scheme, class.Note); err != nil {
			return err
		}
	}
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return exit(exitUsage, fmt.Errorf("a line is longer than %d bytes: no code is that long", maxCode))
	case err != nil:
		return exit(exitAway, err)
	}
	if !all {
		return exit(exitNot, nil)
	}
	return nil
}
