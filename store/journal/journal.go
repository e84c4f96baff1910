package journal

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/record"
)

// DefaultSegment is the size of a segment file in bytes.
const DefaultSegment = 64 << 20

// Options say whose journal it is.
type Options struct {
	Dir     string // folder of the segments, made if missing
	Views   string // file of the views
	Till    pos.TillID
	Signer  *cose.Signer
	Version string // of the agent, for the boot record
	Clock   Clock
	Segment int // bytes of a segment file, at least 256 KiB

	Next *NextKey // a key whose change a crash may have cut; nil for none
}

// Journal is the one writer of a till's records. All methods are safe for concurrent use.
type Journal struct {
	opts  Options
	codec *record.Codec
	lock  *lock
	views *Views
	queue queue

	writing sync.Mutex // held for a commit, a change of segment or of epoch
	current *segment
	head    record.Head
	ackRaw  []byte // newer than the one on disk; rides on the next commit

	state   sync.RWMutex // guards what readers and the screen see; taken inside writing
	files   files
	seen    record.Head     // head, as of the last finished commit
	acked   record.Head     // custody of the platform ends here
	stopped error           // set by the first failed commit, for good
	changed chan struct{}   // closed and replaced by every commit
	bells   []chan struct{} // rung by every commit
	room    int             // bytes left in the current segment
	clocks  clockwork
	begun   *record.Times      // of the first record of the current segment; nil while it is empty
	scarce  bool               // the disk is getting full
	torn    bool               // the last record of the current epoch could not be read at the start
	mended  map[pos.Epoch]bool // epochs that holes stand for
	due     bool               // the current segment is a day old: a spare is wanted to change to
	spare   string             // prepared file of the next segment, "" when there is none

	pruning sync.Mutex    // one prune at a time
	stuck   error         // a file could not be removed: nothing behind it may go before the next start; guarded by pruning
	prepare chan struct{} // asks the keeper for a spare
	cancel  context.CancelFunc
	keepers sync.WaitGroup
}

// Open opens the journal for writing, or makes one, brings the views up to date and appends a boot record. The caller owns the result and closes it.
// Errors: journal_locked, journal_unreadable, disk_low.
func Open(opts Options) (*Journal, error) {
	codec, err := record.NewCodec()
	if err != nil {
		return nil, err
	}
	if err := makeFolder(opts.Dir); err != nil {
		return nil, errCreate(opts.Dir, err)
	}
	held, err := acquire(opts.Dir)
	if err != nil {
		return nil, err
	}
	j := &Journal{opts: opts, codec: codec, lock: held, changed: make(chan struct{}), prepare: make(chan struct{}, 1)}
	if err := j.start(); err != nil {
		suspect := j.current != nil && j.current.suspected() && !j.current.damagedBefore()
		err = errors.Join(err, j.Close())
		if suspect { // the first commit has shown that the newest file cannot be written: it is set aside now
			return Open(opts)
		}
		return nil, err
	}
	return j, nil
}

// makeFolder makes the journal's folder. Its own name must be durable too: the files in it are no safer than that.
func makeFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return cose.SyncDir(filepath.Dir(dir))
}

func (j *Journal) start() error {
	if err := removeLeftovers(j.opts.Dir); err != nil {
		return errCreate(j.opts.Dir, err)
	}
	if err := j.resalvage(); err != nil {
		return err
	}
	list, err := listSegments(j.opts.Dir)
	if err != nil {
		return err
	}
	reason := record.Started
	if len(list) == 0 {
		reason = record.Created
		err = j.create()
	} else {
		err = j.resume(list)
	}
	if err != nil {
		return err
	}
	if err := j.finishKeyChange(); err != nil {
		return err
	}
	if err := j.salvaging(j.startViews); err != nil {
		return err
	}
	if err := j.salvaging(j.mendAtStart); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	j.cancel = cancel
	j.keepers.Go(func() { j.keepSpare(ctx) })
	j.keepers.Go(func() { j.views.keep(ctx) })
	j.keepers.Go(func() { j.watchDisk(ctx) })
	j.askForSpare()
	_, err = j.Append(j.boot(reason))
	return err
}

func (j *Journal) startViews() (err error) {
	j.views, err = openViews(j.opts.Views, j.codec, j.files)
	return err
}

// findEnd takes the last record's head for the journal's own.
func (j *Journal) findEnd() (err error) {
	j.head, err = j.findHead()
	j.seen = j.head
	return err
}

// salvaging does a part of the start. A file of records that turns out to be damaged is set aside first, and what it still holds is read instead.
func (j *Journal) salvaging(part func() error) error {
	tried := map[*segment]bool{}
	for {
		err := part()
		var b *broken
		if !errors.As(err, &b) || !isDamage(err) {
			return err
		}
		if tried[b.segment] {
			return errUnreadable(b.segment.path, err)
		}
		tried[b.segment] = true
		if err := j.reopen(b.segment); err != nil {
			return err
		}
	}
}

// reopen sets a damaged segment aside and opens what was saved of it.
func (j *Journal) reopen(s *segment) error {
	if err := j.setAside(s); err != nil {
		return err
	}
	return s.open(j.current != nil && s != j.current, j.opts.Segment)
}

// create makes the first segment of a new journal.
func (j *Journal) create() error {
	prepared, err := prepareSegment(j.opts.Dir, j.opts.Segment)
	if err != nil {
		return errCreate(j.opts.Dir, err)
	}
	return j.beginEpoch(pos.NewEpoch(time.UnixMilli(j.opts.Clock().Wall)), prepared)
}

func (j *Journal) boot(reason record.BootReason) *record.Boot {
	b := &record.Boot{Version: j.opts.Version, Reason: reason}
	if _, err := rand.Read(b.Incarnation[:]); err != nil {
		panic("journal: no randomness from the operating system: " + err.Error())
	}
	return b
}

// resume opens the files of an existing journal and finds its end.
func (j *Journal) resume(list files) error {
	for i, s := range list {
		readOnly := i < len(list)-1
		ack, err := j.openOne(s, readOnly)
		if err != nil {
			return err
		}
		if ack != nil {
			j.ackRaw = ack
		}
	}
	j.files, j.current = list, list[len(list)-1]
	if odd := j.files.misplaced(j.codec); len(odd) > 0 {
		return errUnreadable(odd[0].segment.path, odd[0].err)
	}
	if err := j.salvaging(j.findEnd); err != nil {
		return err
	}
	j.measureRoom()
	return j.findBegun()
}

// findBegun reads when the current segment was begun. Its monotonic clock may be one of an earlier start of the machine, so only the day counts.
func (j *Journal) findBegun() error {
	page, err := j.current.page(j.current.first, 1)
	if err != nil || len(page) == 0 {
		return nil //nolint:nilerr // a first record that cannot be read is found by verify; the segment is then changed by its size
	}
	rec, _, err := j.codec.Decode(page[0].Raw)
	if err == nil {
		j.begun = &record.Times{Wall: rec.Times.Wall}
	}
	return nil
}

// openOne opens a segment and reads the acknowledgement in it. A damaged one is replaced by what it still holds.
func (j *Journal) openOne(s *segment, readOnly bool) (ack []byte, err error) {
	if err = s.open(readOnly, j.opts.Segment); err == nil {
		ack, err = s.acknowledgement()
	}
	if !isDamage(err) && !s.suspected() {
		return ack, err
	}
	if err := j.setAside(s); err != nil {
		return nil, err
	}
	return nil, s.open(readOnly, j.opts.Segment)
}

// findHead reads the last record. A segment that was made just before a crash is still empty: the head stands in the one before, or is the genesis.
func (j *Journal) findHead() (record.Head, error) {
	own := j.files.of(j.current.epoch)
	for i := len(own) - 1; i >= 0; i-- {
		rec, err := j.lastOf(own[i])
		if err != nil {
			return record.Head{}, errUnreadable(own[i].path, err)
		}
		if rec == nil {
			continue
		}
		j.clocks.latest, j.clocks.offset = rec.Times.Wall, rec.Times.Offset
		return rec.Head(), nil
	}
	return record.Genesis(j.opts.Till, j.current.epoch), nil
}

// lastOf is the last record of a segment that can be read, nil when it has none.
func (j *Journal) lastOf(s *segment) (*record.Record, error) {
	stored, ok, err := s.last()
	if err == nil && !ok {
		return nil, nil
	}
	if err == nil {
		if rec, _, err := j.codec.Decode(stored.Raw); err == nil {
			return &rec, nil
		}
	}
	j.torn = true
	var last *record.Record
	err = s.walk(func(stored Stored) {
		if rec, _, err := j.codec.Decode(stored.Raw); err == nil {
			last = &rec
		}
	})
	return last, err
}

// removeLeftovers deletes segments that were being prepared when the agent died. They never held a record.
func removeLeftovers(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), tempPrefix) {
			if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// Close writes what is only in memory and closes the files. Appends that are under way finish first; later ones fail with journal_stopped.
func (j *Journal) Close() error {
	if j.cancel != nil {
		j.cancel()
	}
	j.keepers.Wait()
	j.writing.Lock()
	defer j.writing.Unlock()
	var errs []error
	if j.views != nil {
		errs = append(errs, j.views.close())
	}
	if j.Stopped() == nil && j.current != nil {
		errs = append(errs, j.writeAcknowledgement())
	}
	j.state.Lock()
	if j.stopped == nil {
		j.stopped = errors.New("the agent is closing")
	}
	list := j.files
	j.files = nil
	j.state.Unlock()
	for _, s := range list {
		errs = append(errs, s.close())
	}
	if j.spare != "" {
		errs = append(errs, os.Remove(j.spare))
	}
	return errors.Join(append(errs, j.lock.release())...)
}

// Stopped is the reason why the journal takes no more records, nil while it does.
func (j *Journal) Stopped() error {
	j.state.RLock()
	defer j.state.RUnlock()
	return j.stopped
}

// Head is the last durable record.
func (j *Journal) Head() record.Head {
	j.state.RLock()
	defer j.state.RUnlock()
	return j.seen
}

// Changed returns a channel that is closed by the next commit or acknowledgement.
func (j *Journal) Changed() <-chan struct{} {
	j.state.RLock()
	defer j.state.RUnlock()
	return j.changed
}

// Subscribe returns a channel that gets a value after every commit. It has room for one: who is slow sees that something came, not how often.
func (j *Journal) Subscribe() <-chan struct{} {
	j.state.Lock()
	defer j.state.Unlock()
	bell := make(chan struct{}, 1)
	j.bells = append(j.bells, bell)
	return bell
}

// announce wakes all who wait for a change. Called with state held.
func (j *Journal) announce() {
	close(j.changed)
	j.changed = make(chan struct{})
	for _, bell := range j.bells {
		select {
		case bell <- struct{}{}:
		default:
		}
	}
}

// Views are the payments as the records tell them, up to the last commit.
func (j *Journal) Views() *Views { return j.views }

// Codec reads the records' bodies.
func (j *Journal) Codec() *record.Codec { return j.codec }
