package disk_test

import (
	"os"
	"testing"

	"github.com/tillproof/tillproof/simulator/disk"
)

func TestMain(m *testing.M) {
	disk.Serve()
	os.Exit(m.Run())
}

// mount gives a disk and its folder.
func mount(t *testing.T) (d *disk.Disk, dir string) {
	t.Helper()
	dir = t.TempDir()
	d, err := disk.Start(t.TempDir(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d, dir
}
