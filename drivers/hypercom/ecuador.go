package hypercom

import (
	"github.com/tillproof/tillproof/drivers/hypercom/codec"
	"github.com/tillproof/tillproof/drivers/stx"
)

// ecuador is the profile of terminals in Ecuador: fields say their length in binary, and nothing stands behind the last one. Descriptions name no codes;
// those of [linkpos] are the usual ones of terminals that know no name of the till's.
func ecuador() profile {
	p := linkpos()
	p.name = "ecuador"
	p.form = codec.Form{Frame: stx.BCD, Field: stx.Binary, Open: true}
	return p
}
