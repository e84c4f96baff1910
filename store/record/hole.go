package record

import "github.com/tillproof/tillproof/pos"

// Hole stands in a new epoch for records of an earlier one that cannot be delivered in their own chain, because something before them is unreadable.
// It either names records that are lost, From to To, or it brings one record that can still be read, From, as it was. A series of holes directly
// follows the boot record of its epoch and goes by number; the last one has End.
type Hole struct {
	Epoch  pos.Epoch  `cbor:"1,keyasint" json:"epoch"`
	From   pos.Seq    `cbor:"2,keyasint" json:"from"`
	To     pos.Seq    `cbor:"3,keyasint,omitempty" json:"to,omitempty"` // the last one that is lost; absent where nobody knows how far the epoch went
	Reason HoleReason `cbor:"4,keyasint" json:"reason"`
	Hash   Hex        `cbor:"5,keyasint,omitempty" json:"hash,omitempty"` // of record To, as its successor names it
	Raw    Hex        `cbor:"6,keyasint,omitempty" json:"raw,omitempty"`  // the record that can still be read
	End    bool       `cbor:"7,keyasint,omitempty" json:"end,omitempty"`  // all is told
}

// HoleReason says why a record is not delivered in its own chain.
type HoleReason string

// The reasons of a hole.
const (
	HoleUnreadable HoleReason = "unreadable" // its bytes are not what was written
	HoleMissing    HoleReason = "missing"    // it is not there
	HoleTail       HoleReason = "tail"       // the end of the epoch was damaged: there may have been more
	HoleSalvaged   HoleReason = "salvaged"   // it is whole, but what is before it is not
	HoleTooLarge   HoleReason = "too_large"  // it is whole and stays on the till, but does not fit into a hole
	HoleNone       HoleReason = "none"       // nothing is missing after all
)

// Kind implements [Body].
func (*Hole) Kind() Kind { return KindHole }
