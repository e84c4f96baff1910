// Package all is the one list of drivers. To add a driver, add a line.
package all

import (
	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/scanner"
	"github.com/tillproof/tillproof/drivers/zvt"
)

// Drivers lists every driver of the product, in the order of their names.
func Drivers() []drivers.Driver {
	return []drivers.Driver{
		scanner.Driver(),
		zvt.Driver(),
	}
}
