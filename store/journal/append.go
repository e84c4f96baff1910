package journal

import (
	"fmt"

	"go.etcd.io/bbolt"

	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/record"
)

// Append makes records of the bodies, in their order, and returns when they are durable: all of them, or none after an error. At most
// [CommitRecords] bodies. It is never refused for lack of space: the outcome of a sale that is under way always finds room. A new
// sale asks [Journal.MaySell] first.
//
// An error (journal_stopped) of class OutcomeUnknown means that the disk failed in this commit. Whether the records are on it is then open until the
// journal is opened again: the caller must not act on them and must not deny them. Of any other class: nothing was written.
func (j *Journal) Append(bodies ...record.Body) ([]record.Record, error) {
	if len(bodies) == 0 || len(bodies) > CommitRecords {
		return nil, fmt.Errorf("a commit holds 1 to %d records, not %d", CommitRecords, len(bodies))
	}
	e := &entry{bodies: bodies, turn: make(chan bool, 1)}
	if j.queue.join(e) {
		batch := j.queue.take()
		if err := j.commit(batch); err != nil {
			for _, e := range batch {
				e.records, e.err = nil, err
			}
		}
		j.queue.finish(batch)
	}
	return e.records, e.err
}

// commit chains, signs and writes the entries in one transaction and shows them to readers. An entry that is impossible is answered with its
// error and leaves no trace; an error of commit itself is for all of them.
func (j *Journal) commit(batch []*entry) error {
	j.writing.Lock()
	defer j.writing.Unlock()
	if err := j.Stopped(); err != nil {
		return errStopped(err)
	}
	times, err := j.prepareCommit()
	if err != nil {
		return errStopped(j.stop(err))
	}
	c := &chain{head: j.head, book: stage(j.views)}
	for _, e := range batch {
		e.records, e.err = c.add(j, times, e.bodies)
	}
	if len(c.records) == 0 {
		return nil
	}
	if err := j.keep(c, times); err != nil {
		return errDoubtful(j.stop(err))
	}
	return nil
}

// appendAlone makes one record in a commit of its own out of what body returns while nobody else writes; its error is returned as it is.
func (j *Journal) appendAlone(body func() (record.Body, error)) error {
	j.writing.Lock()
	defer j.writing.Unlock()
	if err := j.Stopped(); err != nil {
		return errStopped(err)
	}
	times, err := j.prepareCommit()
	if err != nil {
		return errStopped(j.stop(err))
	}
	b, err := body()
	if err != nil {
		return err
	}
	c := &chain{head: j.head, book: stage(j.views)}
	if _, err := c.add(j, times, []record.Body{b}); err != nil {
		return err
	}
	if err := j.keep(c, times); err != nil {
		return errDoubtful(j.stop(err))
	}
	return nil
}

// prepareCommit sees to the room for a commit and to the clocks. An error is one of the disk. Called with writing held.
func (j *Journal) prepareCommit() (record.Times, error) {
	now := j.Now()
	if err := j.makeRoom(now); err != nil {
		return now, err
	}
	return j.noteJump(now)
}

// keep makes the records of a chain durable and shows them. Called with writing held.
func (j *Journal) keep(c *chain, times record.Times) error {
	if err := j.write(c.records); err != nil {
		return err
	}
	j.head, j.ackRaw = c.head, nil
	j.views.accept(c.book, c.head)
	j.state.Lock()
	j.clocks.last, j.clocks.latest = times, max(j.clocks.latest, times.Wall)
	if j.begun == nil {
		j.begun = &times
	}
	j.state.Unlock()
	j.show(c.head)
	return nil
}

// chain is a commit in the making.
type chain struct {
	head    record.Head
	records []record.Record
	book    *staged
}

// add chains the records of one entry, or none of them: a record that does not fit what is known of its payment must not reach the disk, where
// it would be for ever.
func (c *chain) add(j *Journal, times record.Times, bodies []record.Body) ([]record.Record, error) {
	head, book := c.head, stage(c.book)
	records := make([]record.Record, 0, len(bodies))
	for _, body := range bodies {
		rec, err := j.codec.Encode(j.opts.Till, head, times, body)
		if err != nil {
			return nil, err
		}
		if err := book.fold(&rec, body); err != nil {
			return nil, err
		}
		head = rec.Head()
		records = append(records, rec)
	}
	c.head, c.records = head, append(c.records, records...)
	for _, p := range book.changed {
		c.book.changed[p.Intent.Payment] = p
	}
	c.book.till, c.book.turned = book.till, c.book.turned || book.turned
	c.book.carries = append(c.book.carries, book.carries...)
	return records, nil
}

// write signs the last record and makes all of them durable: two flushes, by bbolt's design.
func (j *Journal) write(list []record.Record) error {
	signature, err := j.opts.Signer.Detached(list[len(list)-1].Raw, cose.ForRecord)
	if err != nil {
		return err
	}
	err = guarded(j.current.path, func() error {
		return j.current.db.Update(func(tx *bbolt.Tx) error {
			records := tx.Bucket(recordsBucket())
			records.FillPercent = 1 // keys only grow: half-empty pages would never fill
			for i, rec := range list {
				var covering []byte
				if i == len(list)-1 {
					covering = signature
				}
				if err := records.Put(seqKey(rec.Seq), record.AppendFrame(nil, rec.Raw, covering)); err != nil {
					return err
				}
			}
			if j.ackRaw == nil {
				return nil
			}
			return tx.Bucket(stateBucket()).Put(ackKey(), j.ackRaw)
		})
	})
	j.suspect(err)
	return err
}

// show lets readers see the commit and wakes those who wait for one.
func (j *Journal) show(head record.Head) {
	j.measureRoom()
	j.state.Lock()
	defer j.state.Unlock()
	j.seen = head
	j.announce()
}

// stop gives the file up: after a failed commit nobody knows what is in it until it is opened again.
func (j *Journal) stop(err error) error {
	j.state.Lock()
	defer j.state.Unlock()
	if j.stopped == nil {
		j.stopped = err
		j.announce()
	}
	return err
}
