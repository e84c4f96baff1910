package command

import (
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/tillproof/tillproof/pos"
)

// tillFolder finds the till's own folder: the folder of a demo holds it beside the platform's.
func tillFolder(dir string) string {
	if inner := filepath.Join(dir, "till"); isFolder(inner) {
		return inner
	}
	return dir
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// printTotals prints one line a tender and currency, in a fixed order.
func printTotals(w io.Writer, totals pos.Totals) {
	for _, tender := range slices.Sorted(maps.Keys(totals)) {
		for _, currency := range slices.Sorted(maps.Keys(totals[tender])) {
			sum := totals[tender][currency]
			fmt.Fprintf(w, "%-5s %6d payments %20s\n", tender, sum.Count, pos.Money{Amount: sum.Amount, Currency: currency})
		}
	}
}
