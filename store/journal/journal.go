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
	latest  int64           // the latest wall clock of any record, milliseconds since 1970-01-01 UTC
	spare   string          // prepared file of the next segment, "" when there is none

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
	if err := os.MkdirAll(opts.Dir, 0o700); err != nil {
		return nil, errCreate(opts.Dir, err)
	}
	held, err := acquire(opts.Dir)
	if err != nil {
		return nil, err
	}
	j := &Journal{opts: opts, codec: codec, lock: held, changed: make(chan struct{}), prepare: make(chan struct{}, 1)}
	if err := j.start(); err != nil {
		return nil, errors.Join(err, j.Close())
	}
	return j, nil
}

func (j *Journal) start() error {
	if err := removeLeftovers(j.opts.Dir); err != nil {
		return errCreate(j.opts.Dir, err)
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
	if j.views, err = openViews(j.opts.Views, j.codec, j.files); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	j.cancel = cancel
	j.keepers.Go(func() { j.keepSpare(ctx) })
	j.keepers.Go(func() { j.views.keep(ctx) })
	j.askForSpare()
	_, err = j.Append(j.boot(reason))
	return err
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
		if err := s.open(readOnly, j.opts.Segment); err != nil {
			return err
		}
		ack, err := s.acknowledgement()
		if err != nil {
			return err
		}
		if ack != nil {
			j.ackRaw = ack
		}
	}
	j.files, j.current = list, list[len(list)-1]
	head, err := j.findHead()
	if err != nil {
		return err
	}
	j.head, j.seen = head, head
	j.measureRoom()
	return nil
}

// findHead reads the last record. A segment that was made just before a crash is still empty: the head stands in the one before, or is the genesis.
func (j *Journal) findHead() (record.Head, error) {
	own := j.files.of(j.current.epoch)
	for i := len(own) - 1; i >= 0; i-- {
		stored, ok, err := own[i].last()
		if err != nil {
			return record.Head{}, errUnreadable(own[i].path, err)
		}
		if !ok {
			continue
		}
		rec, _, err := j.codec.Decode(stored.Raw)
		if err != nil {
			return record.Head{}, errUnreadable(own[i].path, err)
		}
		j.latest = rec.Times.Wall
		return rec.Head(), nil
	}
	return record.Genesis(j.opts.Till, j.current.epoch), nil
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
