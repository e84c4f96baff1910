package registry

import (
	"fmt"

	"github.com/tillproof/tillproof/pos"
)

// ErrNotFound says that there is no such thing. Its code is not_found.
var ErrNotFound = refusal("not_found", "There is no such entry.", "Look at the list; names are written exactly as there.")

var (
	errExists    = refusal("exists", "There is an entry of this name already; nothing was changed.", "Change that one, or take another name.")
	errConflict  = refusal("revision_conflict", "Somebody has changed the entry since it was read; nothing was changed.", "Read it again and repeat your change.")
	errLastAdmin = refusal("last_admin", "This is the last admin who can log in; nothing was changed.", "Make somebody else admin first.")
)

func refusal(code pos.ErrorCode, text, next string) *pos.Error {
	return pos.NewError(code, pos.Permanent, pos.NoneMoved, text, next)
}

// errInvalid refuses a thing that makes no sense. Its code is request_invalid.
func errInvalid(err error) *pos.Error {
	return refusal("request_invalid", fmt.Sprintf("The entry cannot be kept: %v.", err), "Correct it and send it again; nothing was changed.").Because(err)
}
