// Package all is the one list of drivers. To add a driver, add a line.
package all

import (
	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/concert"
	"github.com/tillproof/tillproof/drivers/ecr17"
	"github.com/tillproof/tillproof/drivers/hypercom"
	"github.com/tillproof/tillproof/drivers/idtech"
	"github.com/tillproof/tillproof/drivers/msr"
	"github.com/tillproof/tillproof/drivers/scanner"
	"github.com/tillproof/tillproof/drivers/transbank"
	"github.com/tillproof/tillproof/drivers/zvt"
)

// Drivers lists every driver of the product, in the order of their names.
func Drivers() []drivers.Driver {
	return []drivers.Driver{
		concert.Driver(),
		ecr17.Driver(),
		hypercom.Driver(),
		idtech.Driver(),
		msr.Driver(),
		scanner.Driver(),
		transbank.Driver(),
		zvt.Driver(),
	}
}
