package wire

import (
	"math/rand/v2"
	"sort"
	"time"
)

// Direction is a way on the wire, seen from the holder of the wrapped end.
type Direction int

// The directions. In is what the holder reads, Out what it writes.
const (
	In Direction = iota
	Out
)

// String names the direction.
func (d Direction) String() string {
	if d == In {
		return "in"
	}
	return "out"
}

// Kind is what a fault does.
type Kind int

// The faults. Offsets count the bytes as they were before any fault.
const (
	Drop    Kind = iota + 1 // Count bytes vanish
	Repeat                  // Count bytes come twice
	Flip                    // the byte is changed by exclusive or with Mask
	Junk                    // Bytes come before it
	Delay                   // the byte comes Wait later, and all after it
	Silence                 // from here all bytes of this direction vanish: for Wait, or for good when Wait is 0
	Unplug                  // the wire is closed before the byte passes
	Call                    // Hook runs before the byte passes; all bytes before it have passed
)

// Fault is one damage at one byte of one direction.
type Fault struct {
	Kind      Kind
	Direction Direction
	At        int64 // offset of the byte, from 0
	Count     int   // for Drop and Repeat; below 1 counts as 1
	Mask      byte  // for Flip; 0 counts as FF
	Bytes     []byte
	Wait      time.Duration
	Hook      func()
}

// count is Count with its default.
func (f Fault) count() int { return max(f.Count, 1) }

// mask is Mask with its default.
func (f Fault) mask() byte {
	if f.Mask == 0 {
		return 0xff
	}
	return f.Mask
}

// Random makes n faults that damage bytes and cure themselves (Drop, Repeat, Flip, Junk, Delay below 400 ms) at offsets below
// limit of a direction. The same seed makes the same faults.
func Random(seed uint64, direction Direction, limit int64, n int) []Fault {
	dice := rand.New(rand.NewPCG(seed, uint64(direction)))
	faults := make([]Fault, n)
	for i := range faults {
		f := Fault{Kind: Drop + Kind(dice.IntN(int(Delay-Drop)+1)), Direction: direction, At: dice.Int64N(limit)}
		f.Count = 1 + dice.IntN(4)
		f.Mask = byte(1 + dice.IntN(255))
		f.Wait = time.Duration(dice.IntN(400)) * time.Millisecond
		for range f.Count {
			f.Bytes = append(f.Bytes, byte(dice.Uint32()))
		}
		faults[i] = f
	}
	sort.SliceStable(faults, func(i, j int) bool { return faults[i].At < faults[j].At })
	return faults
}
