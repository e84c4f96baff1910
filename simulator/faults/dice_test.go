//go:build linux

package faults

import (
	"hash/fnv"
	"math/rand/v2"
	"os"
	"strconv"
	"time"
)

// dice draws the case's numbers: from FAULT_SEED, else from the clock; what it was is printed with the test.
func (s *site) dice() *rand.Rand {
	seed, err := strconv.ParseUint(os.Getenv("FAULT_SEED"), 10, 64)
	if err != nil {
		seed = uint64(time.Now().UnixNano())
	}
	s.t.Logf("FAULT_SEED=%d", seed)
	h := fnv.New64a()
	_, _ = h.Write([]byte(s.t.Name()))
	return rand.New(rand.NewPCG(seed, h.Sum64()))
}
