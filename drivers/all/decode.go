package all

import (
	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/concert"
	"github.com/tillproof/tillproof/drivers/ecr17"
	"github.com/tillproof/tillproof/drivers/hypercom"
	"github.com/tillproof/tillproof/drivers/idtech"
	"github.com/tillproof/tillproof/drivers/transbank"
	"github.com/tillproof/tillproof/drivers/zvt"
)

// Decode is the decoder of what devices of a driver send and are sent, with card data masked. It is nil for those whose every byte may be a secret of a
// customer and that send no frames: scanners and plain stripe readers.
func Decode(driver string) func([]byte) []drivers.Decoded {
	switch driver {
	case "zvt":
		return zvt.Decode
	case "transbank":
		return transbank.Decode
	case "ecr17":
		return ecr17.Decode
	case "hypercom":
		return hypercom.Decode
	case "concert":
		return concert.Decode
	case "idtech":
		return idtech.Decode
	}
	return nil
}
