package record

// ClockJump says that somebody has set the clock: wall and monotonic clock no longer agree with the commit before, or the wall clock stands behind the
// journal. Times are milliseconds as in [Times].
type ClockJump struct {
	Wall   int64  `cbor:"1,keyasint" json:"wall"`                     // before
	Mono   uint64 `cbor:"2,keyasint,omitempty" json:"mono,omitempty"` // before; absent where that was in an earlier run
	By     int64  `cbor:"3,keyasint" json:"by_ms"`                    // how far the wall clock was set forward; below 0: back
	Offset *int64 `cbor:"4,keyasint,omitempty" json:"offset_ms,omitempty"`
}

// Kind implements [Body].
func (*ClockJump) Kind() Kind { return KindClockJump }
