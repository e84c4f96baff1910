package journal

import (
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
)

// ErrNotFound says that a record is not in the journal.
var ErrNotFound = errors.New("no such record")

// ErrEmpty says that a folder holds no journal.
var ErrEmpty = errors.New("no journal here")

// Damaged says whether an error tells of records that are not what was written, and not of a disk or a program that is in the way.
func Damaged(err error) bool {
	var b *broken
	return errors.Is(err, record.ErrDamaged) || errors.As(err, &b) && isDamage(err)
}

func errLocked(dir, holder string) error {
	return pos.NewError("journal_locked", pos.Permanent, pos.NoneMoved,
		fmt.Sprintf("The journal in %s is in use by %s.", dir, holder),
		"Only one agent may run on a journal: stop the other one first. Nothing was changed.")
}

func errUnreadable(path string, err error) error {
	return pos.NewError("journal_unreadable", pos.Permanent, pos.MoneyUnknown,
		fmt.Sprintf("The journal file %s cannot be read.", path),
		"Do not delete it: it may hold payments that were not delivered. Keep a copy, run `tillproof journal verify`, and ask for help.").Because(err)
}

func errStopped(err error) error {
	return pos.NewError("journal_stopped", pos.Permanent, pos.NoneMoved,
		"The journal has stopped because the disk failed; this sale was not started.",
		"Restart the agent; if it happens again, the disk must be replaced.").Because(err)
}

// errDoubtful is the error of a commit that the disk failed in: the records may be on it, and are believed if they are.
func errDoubtful(err error) error {
	return pos.NewError("journal_stopped", pos.OutcomeUnknown, pos.MoneyUnknown,
		"The disk failed while this was written: whether it is kept shows when the agent is started again.",
		"Start the agent again and send the same request: it finds what was kept. Do not begin a new one before.").Because(err)
}

func errDiskLow(room int) error {
	return pos.NewError("disk_low", pos.Transient, pos.NoneMoved,
		fmt.Sprintf("The disk is full: %d KiB are left and kept for sales that are under way. This sale was not started.", room>>10),
		"Free some space on the disk; nothing that was sold is lost.")
}

func errCreate(dir string, err error) error {
	return pos.NewError("disk_low", pos.Permanent, pos.NoneMoved,
		fmt.Sprintf("No journal can be made in %s.", dir),
		"Free some space or choose another folder; nothing was sold yet and nothing is lost.").Because(err)
}

// guarded turns a fault in the memory map of a damaged file into an error. It covers the calling goroutine only.
func guarded(path string, fn func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = errUnreadable(path, fmt.Errorf("%v", p))
		}
	}()
	return fn()
}
