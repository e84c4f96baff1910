package platform

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/sync/platform/answer"
	"github.com/tillproof/tillproof/sync/platform/database"
)

// BackupReport says what a backup holds.
type BackupReport struct {
	File    string `json:"file"`
	Bytes   int64  `json:"bytes"`
	SHA256  string `json:"sha256"`
	Tills   int    `json:"tills"`   // whose records it holds
	Epochs  int    `json:"epochs"`  // of these tills' journals
	Records uint64 `json:"records"` // in them
	TakenAt string `json:"taken_at"`
}

// Backup copies the database of a platform into a new file, as it was at one moment, while the platform runs. The copy is read through before it gets its
// name, and is on disk then: a file of that name is whole. The keys and secrets of the platform are not in it. Errors are *pos.Error: backup_elsewhere for
// PostgreSQL, which has tools of its own; backup_exists; backup_failed, after which nothing of that name is there.
func Backup(ctx context.Context, c Config, path string) (r BackupReport, err error) {
	if database.IsPostgres(c.Database) {
		return r, pos.NewError("backup_elsewhere", pos.Permanent, pos.NoneMoved, "The ledger is in PostgreSQL, which is copied by its own tools.",
			fmt.Sprintf("Run `pg_dump --format=custom --file=%s DATABASE`, or pg_basebackup with archiving; docs/operations.md says how.", path))
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return r, pos.NewError("backup_exists", pos.Permanent, pos.NoneMoved, fmt.Sprintf("%s is there already; nothing was changed.", path), "Choose another name.")
	}
	part := path + ".part"
	if err = makeCopy(ctx, c.Database, part, &r); err == nil {
		err = errors.Join(os.Rename(part, path), cose.SyncDir(filepath.Dir(path)))
	}
	if err != nil {
		_ = os.Remove(part) // it may not be there
		return r, pos.NewError("backup_failed", pos.Transient, pos.NoneMoved, "No backup was made; the ledger was only read and goes on.",
			"Look at the cause: the disk of the backup needs as much room as the ledger.").Because(err)
	}
	r.File = path
	return r, nil
}

// makeCopy makes a copy that is on disk, and says what is in it.
func makeCopy(ctx context.Context, from, part string, r *BackupReport) error {
	source, err := database.OpenReader(ctx, from)
	if err != nil {
		return err
	}
	defer source.Close()
	file, err := os.OpenFile(part, os.O_CREATE|os.O_RDWR|os.O_TRUNC, 0o600) // the database would let everybody read it
	if err != nil {
		return err
	}
	defer file.Close()
	r.TakenAt = answer.Stamp(time.Now().UnixMilli())
	if err := source.CopyTo(ctx, part); err != nil {
		return err
	}
	if err := r.describe(ctx, part); err != nil {
		return err
	}
	hash := sha256.New()
	if r.Bytes, err = io.Copy(hash, file); err != nil {
		return err
	}
	r.SHA256 = hex.EncodeToString(hash.Sum(nil))
	return file.Sync()
}

// describe counts what a copy holds.
func (r *BackupReport) describe(ctx context.Context, path string) error {
	l, err := OpenLedger(path)
	if err != nil {
		return err
	}
	defer l.Close()
	tills := map[pos.TillID]bool{}
	for m, err := range l.Marks(ctx) {
		if err != nil {
			return err
		}
		tills[m.Till] = true
		r.Epochs++
		r.Records += uint64(m.Head.Seq)
	}
	r.Tills = len(tills)
	return nil
}
