package journal

import (
	"encoding/binary"
	"errors"
	"hash/fnv"
	"os"
)

// The place of the database's two heads, one a page (go.etcd.io/bbolt, internal/common/meta.go): behind the page's own header stand 56 bytes and their
// FNV-1a check value. They lie within one sector, so that a power cut leaves each of them whole.
const (
	pageHeader = 16
	metaSize   = 56
)

// checkMetas wants both heads of an open database file to be whole. The library makes do with one: if the newer one is gone it shows the file as it was
// before the last commit, and that commit's records, which were answered as durable, would be missing without a word.
func checkMetas(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	for page := range int64(2) {
		head := make([]byte, metaSize+8)
		if _, err := f.ReadAt(head, page*pageSize+pageHeader); err != nil {
			return errors.Join(errHead, err)
		}
		sum := fnv.New64a()
		sum.Write(head[:metaSize]) // never fails
		if binary.NativeEndian.Uint64(head[metaSize:]) != sum.Sum64() {
			return errHead
		}
	}
	return nil
}

var errHead = errors.New("a head of the file is damaged: its last commit may be missing")
