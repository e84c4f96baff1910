package agent_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"github.com/tillproof/tillproof/agent"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/zvtsim"
	"github.com/tillproof/tillproof/store/journal"
)

// smallDisk mounts a disk of a few KiB, which only root may do.
func smallDisk(t *testing.T, kib int) string {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("mounting a small disk needs root")
	}
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%dk,mode=700", kib)); err != nil {
		t.Skipf("mounting a small disk needs root and a kernel that lets it: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// TestAFullDiskStopsNewSalesOnly sells until the disk is full while a card sale waits for its customer.
func TestAFullDiskStopsNewSalesOnly(t *testing.T) {
	disk := smallDisk(t, 6<<10)
	ballast := filepath.Join(disk, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 4<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, filepath.Join(disk, "data"))
	w.online()
	w.plug()
	w.start()
	w.ready()
	w.pay("card", "first", 100, "30s")
	decided, release := make(chan struct{}), make(chan struct{})
	decide := sync.OnceFunc(func() { close(release) })
	t.Cleanup(decide)
	w.pt.Observe(func(e zvtsim.Event) {
		if e.Moment == zvtsim.Stored {
			close(decided)
			<-release
		}
	})
	p := w.pay("card", "under-way", 1250, "0s")
	<-decided
	sold := 0
	for ; ; sold++ {
		status, code := w.ask(http.MethodPost, "/v1/payments", sale{fmt.Sprintf("C-%d", sold), 1, 100, "EUR", "cash"}, nil)
		if status == http.StatusCreated {
			continue
		}
		if status != http.StatusServiceUnavailable || code != "disk_low" {
			t.Fatalf("sale %d: %d %s", sold, status, code)
		}
		break
	}
	if status, code := w.ask(http.MethodGet, "/healthz", nil, nil); status != 503 || code != "disk_low" {
		t.Errorf("healthz %d %s", status, code)
	}
	if s := w.status(); s.Disk.State != journal.DiskStopped {
		t.Errorf("%+v", s.Disk)
	}
	w.pt.Observe(nil)
	decide()
	w.until("the sale under way has its outcome", func() bool { return w.payment(p.ID).Status == pos.Approved })
	w.drained() // a full disk does not keep records from leaving
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	w.until("cash is taken again", func() bool { status, _ := w.ask(http.MethodGet, "/healthz", nil, nil); return status == 200 })
	w.pay("cash", "after", 100, "0s")
	w.drained()
	rows, records, _ := w.ledger()
	if len(rows) != sold+3 || records != int(w.status().Seq) || sold < 100 {
		t.Errorf("%d payments of %d, %d records of %d", len(rows), sold+3, records, w.status().Seq)
	}
	w.stop()
	w.verify()
	w.start()
	if p := w.payment(p.ID); p.Status != pos.Approved {
		t.Errorf("%+v", p)
	}
	w.stop()
}

func TestADiskWithoutRoomForAJournalSaysSo(t *testing.T) {
	w := newWorld(t, smallDisk(t, 512))
	if code := w.fails(); code != "disk_low" {
		t.Errorf("%s", code)
	}
	list, err := filepath.Glob(filepath.Join(agent.PathsIn(w.dir).Journal, "*.seg"))
	if err != nil || len(list) != 0 {
		t.Errorf("%v is left behind, %v", list, err)
	}
}
