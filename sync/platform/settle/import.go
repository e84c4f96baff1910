package settle

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/platform/answer"
	"github.com/tillproof/tillproof/sync/platform/database"
)

// The sizes of an import.
const (
	filePart  = 256 << 10 // of the file's bytes in one row
	batchRows = 500       // lines in one transaction: the intake of records waits no longer than that
)

// Import is a statement to be imported.
type Import struct {
	Name     string        // of the file, for people
	File     io.ReadSeeker // read twice
	Mapping  *Mapping
	Text     []byte                      // of the mapping, kept beside the file
	By       string                      // who imports
	Replace  bool                        // take back what this file alone has told, and read it again: for a mapping that was wrong
	Progress func(lines, at, size int64) // told now and then, may be nil
}

// importing is an import under way.
type importing struct {
	store *Statements
	Import
	id, hash string
	mapped   string // SHA-256 of the mapping
	size     int64
	sighting int64
	sum      Statement
	pending  []Line
}

// Import takes a statement in. The same file again changes nothing, and neither do lines that another file has told already: a line is what it says. Lines that
// cannot be read are named and stop nobody. An import that was cut short is completed by running it again. It fails with a *pos.Error; what was taken in by then
// stays, and is found again by the next try.
func (s *Statements) Import(ctx context.Context, what Import) (*Statement, error) {
	i := &importing{store: s, Import: what}
	if err := i.measure(); err != nil {
		return nil, pos.NewError("statement_unreadable", pos.Transient, pos.NoneMoved, "The statement's file cannot be read; nothing was imported.",
			"Look after the disk or the connection, and import it again.").Because(err)
	}
	known, found, err := s.One(ctx, i.id)
	switch {
	case err != nil:
		return nil, errUnusable(err)
	case found && known.State == "done" && known.Mapping == i.mapped && !i.Replace:
		known.Again = true
		return &known, nil
	case found && known.Mapping != i.mapped && !i.Replace:
		return nil, pos.NewError("statement_mapped", pos.Permanent, pos.NoneMoved, "The same file was imported with another mapping; nothing has changed.",
			"If that mapping was wrong, import it again with replace: what this file alone has told is taken back first.").With("statement", i.id)
	}
	if err := i.run(ctx); err != nil {
		return nil, errUnusable(err)
	}
	return &i.sum, nil
}

// measure finds the file's size and hash.
func (i *importing) measure() error {
	h := sha256.New()
	size, err := io.Copy(h, i.File)
	if err != nil {
		return err
	}
	mapped := sha256.Sum256(i.Text)
	var random [8]byte
	_, err = rand.Read(random[:])
	i.size, i.hash, i.mapped = size, hex.EncodeToString(h.Sum(nil)), hex.EncodeToString(mapped[:])
	i.sighting, i.id = int64(binary.BigEndian.Uint64(random[:])>>1), i.Mapping.Acquirer+":"+i.hash
	return err
}

func (i *importing) run(ctx context.Context) error {
	if _, err := i.File.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if _, err := NewReader(i.File, i.Mapping); err != nil { // before anything is written
		return err
	}
	if _, err := i.File.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if err := withoutCards(i.File, i.Mapping); err != nil {
		return err
	}
	if err := i.begin(ctx); err != nil {
		return err
	}
	if err := i.keepFile(ctx); err != nil {
		return err
	}
	if _, err := i.File.Seek(0, io.SeekStart); err != nil {
		return err
	}
	reader, err := NewReader(i.File, i.Mapping)
	if err != nil {
		return err
	}
	if err := i.read(ctx, reader); err != nil {
		return err
	}
	return i.finish(ctx)
}

// begin writes that the import is under way, and takes back what a wrong mapping has made of the file.
func (i *importing) begin(ctx context.Context) error {
	now := time.Now().UnixMilli()
	i.sum = Statement{ID: i.id, Acquirer: i.Mapping.Acquirer, SHA256: i.hash, Name: i.Name, Mapping: i.mapped, State: "importing", ImportedAt: answer.Stamp(now),
		ImportedBy: i.By, Bytes: i.size, Problems: []Problem{}}
	return i.store.db.Transact(ctx, func(tx *database.Tx) error {
		if i.Replace {
			if _, err := tx.Exec(ctx, `DELETE FROM settle_rows WHERE statement = ? AND sighting IN (SELECT sighting FROM settle_statements WHERE id = ?)`, i.id, i.id); err != nil {
				return err
			}
		}
		for _, table := range []string{"settle_files WHERE statement", "settle_problems WHERE statement", "settle_statements WHERE id"} {
			if _, err := tx.Exec(ctx, "DELETE FROM "+table+" = ?", i.id); err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, `INSERT INTO settle_statements (id, acquirer, sha256, name, mapping, mapping_sha256, state, imported_at, imported_by, sighting, bytes,
			lines, found, added, ignored, bad, first_day, last_day) VALUES (?,?,?,?,?,?,'importing',?,?,?,?,0,0,0,0,0,'','')`,
			i.id, i.sum.Acquirer, i.hash, i.Name, i.Text, i.mapped, now, i.By, i.sighting, i.size)
		return err
	})
}

// keepFile keeps the file's bytes.
func (i *importing) keepFile(ctx context.Context) error {
	if _, err := i.File.Seek(0, io.SeekStart); err != nil {
		return err
	}
	pack, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return err
	}
	defer pack.Close()
	part, h := make([]byte, filePart), sha256.New()
	for n := 0; ; n++ {
		size, err := io.ReadFull(i.File, part)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			return err
		}
		h.Write(part[:size])
		packed := pack.EncodeAll(part[:size], nil)
		if err := i.store.db.Transact(ctx, func(tx *database.Tx) error {
			_, err := tx.Exec(ctx, "INSERT INTO settle_files (statement, n, bytes) VALUES (?,?,?)", i.id, n, packed)
			return err
		}); err != nil {
			return err
		}
	}
	if hex.EncodeToString(h.Sum(nil)) != i.hash {
		return errors.New("the file has changed while it was read")
	}
	return nil
}

// read takes the lines in, some hundred in a transaction.
func (i *importing) read(ctx context.Context, reader *Reader) error {
	for {
		line, err := reader.Next()
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if err == nil {
			i.pending = append(i.pending, line)
		}
		if len(i.pending) == batchRows || err != nil && len(i.pending) > 0 {
			if err := i.flush(ctx); err != nil {
				return err
			}
		}
		if err != nil {
			return nil
		}
	}
}

// finish writes the sums of the import.
func (i *importing) finish(ctx context.Context) error {
	s := &i.sum
	s.State = "done"
	return i.store.db.Transact(ctx, func(tx *database.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE settle_statements SET state = 'done', lines = ?, found = ?, added = ?, ignored = ?, bad = ?, first_day = ?, last_day = ?
			WHERE id = ?`, s.Lines, s.Rows, s.Added, s.Ignored, s.Bad, s.From, s.To, i.id)
		return err
	})
}

// Err is nil when every line could be read, else what exit code 1 is for.
func (s *Statement) Err() error {
	if s.Bad == 0 {
		return nil
	}
	return pos.NewError("statement_lines", pos.Permanent, pos.NoneMoved, fmt.Sprintf("%d of %d lines cannot be read; all others are in.", s.Bad, s.Lines),
		"See the reasons. Mend the mapping and import again with replace, or ask the acquirer for a whole file.")
}
