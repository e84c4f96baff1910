package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/fxamacker/cbor/v2"
	"go.etcd.io/bbolt"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
)

// checkedWhole is the size in bytes up to which a file of views is checked whole when it is opened: some 100,000 payments, read in well under
// half a second. In a larger one each entry is checked when it is read.
const checkedWhole = 64 << 20

// errStale says that a file of views is not to be used: the views are made anew from the records.
var errStale = errors.New("the views are damaged or of an earlier version")

// tally counts the entries of a file of views, so that one that is gone is missed.
type tally struct {
	Covers   record.Head `cbor:"1,keyasint"` // as of this head
	Payments int         `cbor:"2,keyasint"`
	Orders   int         `cbor:"3,keyasint"`
	Open     int         `cbor:"4,keyasint"`
	Spent    int         `cbor:"5,keyasint"`
}

func tallyKey() []byte { return []byte("tally") }

// sealed is a value with a check value over key and value before it. The database has none of its own: a flipped bit would show another amount.
func sealed(key, value []byte) []byte {
	return append(binary.BigEndian.AppendUint32(make([]byte, 0, 4+len(value)), viewSum(key, value)), value...)
}

// unsealed checks a sealed value and returns what is in it. It is nil when there is none.
func unsealed(key, stored []byte) ([]byte, error) {
	if stored == nil {
		return nil, nil
	}
	if len(stored) < 4 || binary.BigEndian.Uint32(stored) != viewSum(key, stored[4:]) {
		return nil, fmt.Errorf("%w: entry %x", errStale, key)
	}
	return stored[4:], nil
}

func viewSum(key, value []byte) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli)
	return crc32.Update(crc32.Checksum(key, table), table, value)
}

// put seals a value and says by how many the bucket's entries have grown.
func put(b *bbolt.Bucket, key, value []byte) (grown int, err error) {
	if b.Get(key) == nil {
		grown = 1
	}
	return grown, b.Put(key, sealed(key, value))
}

// remove takes an entry out and says by how many the bucket's entries have grown.
func remove(b *bbolt.Bucket, key []byte) (grown int, err error) {
	if b.Get(key) == nil {
		return 0, nil
	}
	return -1, b.Delete(key)
}

// readState reads a sealed value of the state into v, which stays as it is when there is none.
func readState(tx *bbolt.Tx, key []byte, v any) error {
	raw, err := unsealed(key, tx.Bucket(stateBucket()).Get(key))
	if raw == nil || err != nil {
		return err
	}
	return cbor.Unmarshal(raw, v)
}

// writeState seals a value of the state.
func writeState(tx *bbolt.Tx, key []byte, v any) error {
	raw, err := cbor.Marshal(v)
	if err != nil {
		return err
	}
	return tx.Bucket(stateBucket()).Put(key, sealed(key, raw))
}

// check reads the whole file, when it is not too large, and holds it against its tally.
func (f *viewFile) check() error {
	return f.view(func(tx *bbolt.Tx) error {
		var said, found tally
		if err := errors.Join(readState(tx, tallyKey(), &said), readState(tx, coversKey(), &found.Covers)); err != nil {
			return err
		}
		if tx.Size() > checkedWhole {
			return nil
		}
		for _, part := range []struct {
			bucket []byte
			count  *int
		}{{paymentsBucket(), &found.Payments}, {ordersBucket(), &found.Orders}, {openBucket(), &found.Open}, {spentBucket(), &found.Spent}} {
			if tx.Bucket(part.bucket) == nil {
				continue
			}
			err := tx.Bucket(part.bucket).ForEach(func(key, stored []byte) error {
				*part.count++
				_, err := unsealed(key, stored)
				return err
			})
			if err != nil {
				return err
			}
		}
		if said != found {
			return fmt.Errorf("%w: it holds %+v and should hold %+v", errStale, found, said)
		}
		return nil
	})
}

// errViews is the error of a view that cannot be read while the agent runs.
func errViews(path string, err error) error {
	if err == nil {
		return nil
	}
	var fault *pos.Error
	if errors.As(err, &fault) && fault.Err != nil {
		err = fault.Err
	}
	return pos.NewError("journal_unreadable", pos.Permanent, pos.MoneyUnknown,
		fmt.Sprintf("The list of payments in %s cannot be read. The records themselves are not touched.", path),
		"Restart the agent: it makes the list anew from the records. If it happens again, the disk must be replaced.").Because(err)
}
