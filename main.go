// Tillproof is a POS terminal and offline payment edge agent: see README.md.
package main

import (
	"os"

	"github.com/tillproof/tillproof/command"
)

func main() {
	os.Exit(command.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
