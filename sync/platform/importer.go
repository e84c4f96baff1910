package platform

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/sync/courier"
	"github.com/tillproof/tillproof/sync/wire"
)

// Importer takes couriers' files into custody by the way that batches from the broker take: [Tills.Verify] and [Custody.Take]. It may work beside a
// running platform on the same database, since the database decides what is new. It is for one goroutine.
type Importer struct {
	service *Service
	key     *courier.OpenKey
}

// OpenImporter opens the platform of a configuration without broker and HTTP. It fails like [Serve].
func OpenImporter(ctx context.Context, config Config, o Options) (*Importer, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Service{config: config, opts: o}
	if err := s.open(ctx); err != nil {
		s.close()
		return nil, err
	}
	key, err := courier.NewOpenKey(s.signer)
	if err != nil {
		s.close()
		return nil, err
	}
	return &Importer{s, key}, nil
}

// Close ends the use of the database. Nothing is lost by not calling it.
func (i *Importer) Close() { i.service.close() }

// Imported is what became of one file.
type Imported struct {
	File      string   `json:"file,omitempty"`
	Batches   int      `json:"batches"`     // in custody, repetitions too
	Records   int      `json:"records"`     // of them
	Held      int      `json:"held"`        // of these, set aside because they cannot be interpreted
	Gaps      int      `json:"gaps"`        // batches that were not taken: records before them are missing
	Forks     int      `json:"forks"`       // batches that were taken as a losing branch
	Refused   []string `json:"refused"`     // letters that are forged or broken, in words; none of their records was taken
	Whole     bool     `json:"whole"`       // the file was read to its end
	Damage    string   `json:"damage"`      // where and why not, "" when it was
	Letters   int      `json:"letters"`     // that were read
	AckedTill []string `json:"acked_tills"` // whose acknowledgements were written
}

// OK says whether everything in the file is in custody as the till wrote it.
func (i *Imported) OK() bool { return i.Whole && len(i.Refused) == 0 && i.Gaps == 0 && i.Forks == 0 }

// importGroup is the number of letters in one transaction.
const importGroup = groupSize

// Import takes one file, and writes the answers to acks: for each epoch of each till the last signed acknowledgement, in the bytes that down/ack would
// carry. Damage ends the reading; what came before it is taken and acknowledged. An error says that the database or acks has failed: what acks
// says by then is in custody.
func (i *Importer) Import(ctx context.Context, file io.Reader, acks io.Writer) (Imported, error) {
	result := Imported{Refused: []string{}, AckedTill: []string{}}
	from, err := courier.NewReader(file, i.key)
	if err == nil && from.Kind() != courier.Records {
		err = fmt.Errorf("the file carries %s; it is for a till, not for the platform", from.Kind())
	}
	if err != nil {
		result.Damage = err.Error()
		return result, nil
	}
	answers := answers{}
	for !result.Whole && result.Damage == "" {
		group := i.read(from, &result)
		if len(group) == 0 {
			continue
		}
		got, err := i.service.custody.Take(ctx, group...)
		if err != nil {
			return result, errors.Join(err, i.answer(answers, acks, &result))
		}
		for n := range got {
			result.tally(&got[n], len(group[n].entries))
			answers.add(&got[n])
		}
	}
	return result, i.answer(answers, acks, &result)
}

// read verifies the next letters.
func (i *Importer) read(from *courier.Reader, result *Imported) (group []*Delivery) {
	for len(group) < importGroup {
		letter, err := from.Next()
		if errors.Is(err, io.EOF) {
			result.Whole = true
			return group
		}
		if err != nil {
			result.Damage = err.Error()
			return group
		}
		result.Letters++
		d, err := i.service.tills.Verify(letter.Till, letter.Message)
		if err != nil {
			result.Refused = append(result.Refused, fmt.Sprintf("letter %d: %v", result.Letters, err))
			continue
		}
		group = append(group, d)
	}
	return group
}

func (i *Imported) tally(ack *wire.Ack, records int) {
	switch ack.State {
	case wire.AckGap:
		i.Gaps++
		return
	case wire.AckFork:
		i.Forks++
	}
	i.Batches++
	i.Records += records
	i.Held += len(ack.Held)
}

// answer writes the acknowledgement file.
func (i *Importer) answer(answers answers, acks io.Writer, result *Imported) error {
	w, err := courier.NewWriter(acks, courier.Acks, nil, time.Now())
	if err != nil {
		return err
	}
	for _, ack := range answers.sorted() {
		ack.At = time.Now().UnixMilli()
		message, err := i.service.codec.SealAck(ack, i.service.signer)
		if err != nil {
			return err
		}
		if err := w.Add(ack.Till, message); err != nil {
			return err
		}
		if till := string(ack.Till); !slices.Contains(result.AckedTill, till) {
			result.AckedTill = append(result.AckedTill, till)
		}
	}
	return w.End()
}

// life is an epoch of a till.
type life struct {
	till  pos.TillID
	epoch pos.Epoch
}

// answers keeps what a till must hear at the end: the last acknowledgement of each epoch, a gap only where nothing was taken.
type answers map[life]*wire.Ack

func (a answers) add(ack *wire.Ack) {
	key := life{ack.Till, ack.Mark.Epoch}
	if a[key] == nil || ack.State != wire.AckGap || a[key].State == wire.AckGap {
		a[key] = ack
	}
}

// sorted lists them by till and epoch: a till hears of its epochs in their order.
func (a answers) sorted() []*wire.Ack {
	keys := slices.SortedFunc(maps.Keys(a), func(x, y life) int {
		return cmp.Or(cmp.Compare(x.till, y.till), bytes.Compare(x.epoch[:], y.epoch[:]))
	})
	list := make([]*wire.Ack, len(keys))
	for n, key := range keys {
		list[n] = a[key]
	}
	return list
}

// SealKeyOf is the key that tills seal their files to. It makes the platform's key if there is none yet.
func SealKeyOf(config Config) (*courier.SealKey, error) {
	signer, err := cose.LoadOrCreate(config.Keys)
	if err != nil {
		return nil, unusable("key_unusable", "The platform's key cannot be read or made.", err)
	}
	key, err := courier.NewOpenKey(signer)
	if err != nil {
		return nil, err
	}
	return key.Public(), nil
}
