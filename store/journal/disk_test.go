package journal

import "testing"

func TestAScarceDiskStaysScarceUntilThereIsMore(t *testing.T) {
	const mib = 1 << 20
	was := false
	for i, c := range []struct {
		free uint64
		want bool
	}{{500 * mib, false}, {193 * mib, false}, {191 * mib, true}, {193 * mib, true}, {287 * mib, true}, {289 * mib, false}, {193 * mib, false}, {0, true}} {
		if was = isScarce(was, c.free, 64*mib); was != c.want {
			t.Errorf("step %d, %d MiB free: %v", i, c.free/mib, was)
		}
	}
}
