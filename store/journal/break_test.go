package journal

import "testing"

// BreakDisk makes the next commit fail in the middle: its file is gone from under the journal.
func BreakDisk(t *testing.T, j *Journal) {
	t.Helper()
	if err := j.current.db.Close(); err != nil {
		t.Fatal(err)
	}
}
