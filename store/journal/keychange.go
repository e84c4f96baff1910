package journal

import (
	"bytes"

	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/record"
)

// NextKey is a key that waits to sign. Install puts it in the place of the one before; it may be called again after a crash.
type NextKey struct {
	Signer  *cose.Signer
	Install func() error
}

// ChangeKey lets another key sign from now on. The record that names it is signed by the present one and durable before the new key is installed; a
// crash in between is finished by the next start, which is given the key in [Options]. After an error of Install the journal has stopped.
func (j *Journal) ChangeKey(next NextKey, reason string) error {
	j.writing.Lock()
	defer j.writing.Unlock()
	if err := j.Stopped(); err != nil {
		return errStopped(err)
	}
	if err := j.appendHeld(&record.KeyChange{Public: record.Hex(next.Signer.Public()), Reason: reason}); err != nil {
		return errDoubtful(j.stop(err))
	}
	if err := next.Install(); err != nil {
		return errStopped(j.stop(err))
	}
	j.opts.Signer = next.Signer
	return nil
}

// Signs says whether a key signs the journal's next commit.
func (j *Journal) Signs(s *cose.Signer) bool {
	j.writing.Lock()
	defer j.writing.Unlock()
	return j.opts.Signer.ID() == s.ID()
}

// finishKeyChange installs the waiting key when the journal ends on the record that names it: the agent died before it could.
func (j *Journal) finishKeyChange() error {
	next := j.opts.Next
	if next == nil || j.head.Seq == 0 {
		return nil
	}
	list, err := j.files.read(j.head.Epoch, j.head.Seq, 1)
	if err != nil || len(list) == 0 {
		return err
	}
	rec, _, err := j.codec.Decode(list[0].Raw)
	if err != nil || rec.Kind != record.KindKey {
		return err
	}
	body, err := j.codec.Body(&rec)
	if change, ok := body.(*record.KeyChange); err != nil || !ok || !bytes.Equal(change.Public, next.Signer.Public()) {
		return err
	}
	if err := next.Install(); err != nil {
		return errCreate(j.opts.Dir, err)
	}
	j.opts.Signer = next.Signer
	return nil
}
