package people

import (
	"errors"
	"fmt"
	"time"

	"github.com/tillproof/tillproof/pos"
)

func failure(code pos.ErrorCode, text, next string) *pos.Error {
	return pos.NewError(code, pos.Permanent, pos.NoneMoved, text, next)
}

func errWrong(left int) error {
	return failure("pin_wrong", "Person and PIN do not belong together.",
		"Type the PIN again. After too many wrong ones there is a pause.").With("tries_left", left)
}

func errPaused(until time.Time) error {
	at := until.Format("2006-01-02T15:04:05.000Z07:00")
	return failure("pin_locked", "There were too many wrong PINs, so no PIN of this person is taken for a while.",
		"Wait until "+at+", or end the pause with `tillproof people unlock`.").With("until_at", at)
}

func errRole(who Person) error {
	return failure("not_permitted", fmt.Sprintf("%s is a cashier, and this takes a supervisor.", who.Name), "Let a supervisor type id and PIN.")
}

func errNobody() error {
	return failure("no_people", "Nobody is set up at this till who could be asked for a PIN.", "Set people up with `tillproof people add`.")
}

// asNoPeople tells a till that its list cannot be read. Selling goes on.
func asNoPeople(err error) error {
	var e *pos.Error
	if errors.As(err, &e) && e.Code == "people_unreadable" {
		return failure("no_people", "The till's list of people cannot be read, so no PIN can be checked.",
			"Mend people.json in the data folder, or move it away and set people up anew with `tillproof people add`. Selling goes on.").Because(e.Err)
	}
	return err
}

func errUnreadable(path string, err error) error {
	return failure("people_unreadable", fmt.Sprintf("The list of people %s cannot be read.", path),
		"Mend it from a copy, or move it away and set people up anew. Nothing was changed.").Because(err)
}

func errFolder(folder string, err error) error {
	return failure("disk_failed", fmt.Sprintf("The data folder %s cannot be used.", folder),
		"Check the path and the folder's owner; the till makes it at its first start. Nothing was changed.").Because(err)
}

func errDisk(err error) error {
	return pos.NewError("disk_failed", pos.Transient, pos.NoneMoved,
		"The list of people could not be written, so no PIN is checked and nothing was changed.",
		"Check the disk's space and the folder's owner, then try again.").Because(err)
}

func errPIN(text string) error {
	return failure("pin_invalid", text, "Choose another PIN. Nothing was changed.")
}

func errPerson(err error) error {
	return failure("person_invalid", fmt.Sprintf("The person cannot be set up: %v.", err), "Correct id, name or role. Nothing was changed.")
}

func errKnown(id pos.PersonID) error {
	return failure("person_exists", fmt.Sprintf("%s is set up already.", id), "Take another id, or remove that person first. Nothing was changed.")
}

func errUnknown(id pos.PersonID) error {
	return failure("person_unknown", fmt.Sprintf("Nobody is set up as %s.", id), "`tillproof people list` shows who is. Nothing was changed.")
}
