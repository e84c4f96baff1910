// Package command is the command line: one file a command, which only wires what others do.
package command

import (
	"encoding/json"
	"io"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// Main runs the command line and returns its exit code.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	root := rootCommand()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.Execute()
	if err == nil {
		return exitDone
	}
	report(stderr, err)
	return codeOf(err)
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "tillproof",
		Short:         "Sells at the till, offline too, and delivers every payment exactly once, with proof",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(runCommand(), platformCommand(), brokerCommand(), demoCommand(), journalCommand(), reconcileCommand(),
		decodeCommand(), detectCommand(), doctorCommand(), qrCommand(classifyCommand()), pairCommand(), deviceCommand(), dumpCommand(), peopleCommand(), enrolCommand(), configCommand(), simCommand(), versionCommand())
	return root
}

// version is the module's version as the Go toolchain recorded it.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

func versionCommand() *cobra.Command {
	return &cobra.Command{Use: "version", Short: "Print the version", Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error {
		c.Println(version())
		return nil
	}}
}

// writeJSON prints a value on one line.
func writeJSON(w io.Writer, value any) error { return json.NewEncoder(w).Encode(value) }
