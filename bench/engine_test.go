package bench

import (
	"database/sql"
	"os"
	"path/filepath"
	"sync/atomic"

	"go.etcd.io/bbolt"
	_ "modernc.org/sqlite" // the driver registers itself under "sqlite"
)

// engine appends one record after another. Append returns when the record is durable and is called by many goroutines at once.
type engine interface {
	Append() error
	Close() error
}

// The engines by the names of the table.
const (
	oursEngine   = "tillproof journal, signed"
	limitEngine  = "limit: 512 B + fdatasync"
	floorEngine  = "floor of bbolt"
	signedEngine = "floor, a signature a commit"
	updateEngine = "bbolt Update"
	batchEngine  = "bbolt Batch"
	sqliteEngine = "SQLite WAL FULL"
)

// engineNames is the order of the table: what the others are measured by comes first.
func engineNames() []string {
	return []string{limitEngine, floorEngine, signedEngine, oursEngine, updateEngine, batchEngine, sqliteEngine}
}

// openEngine makes an engine whose files lie in dir. All but ours write size bytes a record, as many as ours stores.
func openEngine(name, dir string, size int) (engine, error) {
	payload := make([]byte, size)
	switch name {
	case limitEngine:
		return openPlain(filepath.Join(dir, "limit"), writeSlots)
	case floorEngine:
		return openPlain(filepath.Join(dir, "floor"), writePages)
	case signedEngine:
		return openSigned(filepath.Join(dir, "signed"), payload)
	case updateEngine:
		return openBolt(filepath.Join(dir, "update.db"), payload, (*bbolt.DB).Update)
	case batchEngine:
		return openBolt(filepath.Join(dir, "batch.db"), payload, (*bbolt.DB).Batch)
	case sqliteEngine:
		return openSQLite(filepath.Join(dir, "sqlite.db"), payload)
	}
	return openOurs(dir)
}

// boltEngine puts each record in a transaction of its own, under a growing key.
type boltEngine struct {
	db      *bbolt.DB
	commit  func(*bbolt.DB, func(*bbolt.Tx) error) error
	payload []byte
	last    atomic.Uint64
}

func openBolt(path string, payload []byte, commit func(*bbolt.DB, func(*bbolt.Tx) error) error) (engine, error) {
	options := &bbolt.Options{PageSize: pageSize, FreelistType: bbolt.FreelistMapType, InitialMmapSize: fileSize}
	db, err := bbolt.Open(path, 0o600, options)
	if err != nil {
		return nil, err
	}
	return &boltEngine{db: db, commit: commit, payload: payload}, db.Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucket([]byte("records"))
		return err
	})
}

func (e *boltEngine) Append() error {
	key := bigEndian(e.last.Add(1))
	return e.commit(e.db, func(tx *bbolt.Tx) error {
		bucket := tx.Bucket([]byte("records"))
		bucket.FillPercent = 1
		return bucket.Put(key, e.payload)
	})
}

func (e *boltEngine) Close() error { return e.db.Close() }

// sqliteDB inserts each record in a transaction of its own.
type sqliteDB struct {
	db      *sql.DB
	insert  *sql.Stmt
	payload []byte
}

// ledgerPragmas are those under which the platform's ledger works.
const ledgerPragmas = "?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=cache_size(-16384)&_pragma=wal_autocheckpoint(4000)"

func openSQLite(path string, payload []byte) (*sqliteDB, error) {
	db, err := sql.Open("sqlite", "file:"+path+ledgerPragmas)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	if _, err := db.Exec("CREATE TABLE records (seq INTEGER PRIMARY KEY, bytes BLOB NOT NULL)"); err != nil {
		return nil, err
	}
	insert, err := db.Prepare("INSERT INTO records (bytes) VALUES (?)")
	return &sqliteDB{db: db, insert: insert, payload: payload}, err
}

func (e *sqliteDB) Append() error {
	_, err := e.insert.Exec(e.payload)
	return err
}

func (e *sqliteDB) Close() error { return e.db.Close() }

// zeroFile makes a file of zeros that are really on the disk, so that a later write changes nothing but its own blocks.
func zeroFile(path string, size int) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	if _, err := f.Write(make([]byte, size)); err != nil {
		return nil, err
	}
	return f, f.Sync()
}
