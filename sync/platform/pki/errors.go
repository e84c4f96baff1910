package pki

import (
	"fmt"

	"github.com/tillproof/tillproof/pos"
)

// The refusals of an enrolment. None of them says more to a stranger than to the technician who holds the code.
var (
	errCodeUnknown = refusal("enrol_code_unknown", "The platform knows no such code.", "Compare it with the one that was printed, or have a new one made: tillproof platform enrol-code.")
	errCodeUsed    = refusal("enrol_code_used", "The code was used already, by a till with other keys.",
		"If that was not you, revoke that till: tillproof platform revoke TILL. Have a new code made for this one.")
	errCodeExpired = refusal("enrol_code_expired", "The code is too old.", "Have a new one made: tillproof platform enrol-code.")
)

func refusal(code pos.ErrorCode, text, next string) *pos.Error {
	return pos.NewError(code, pos.Permanent, pos.NoneMoved, text, next)
}

func errRequest(err error) *pos.Error {
	return refusal("enrol_request_invalid", "The request does not prove that the till holds the keys it names.", "Run tillproof enrol of this version on the till.").Because(err)
}

func errAuthority(dir string, err error) *pos.Error {
	return pos.NewError("authority_unusable", pos.Transient, pos.NoneMoved, fmt.Sprintf("The platform's authority in %s cannot be used: no certificate was issued.", dir),
		"Mend the folder or bring it back from a backup; tills that are enrolled go on working.").Because(err)
}

func errUnknown(what string) *pos.Error {
	return refusal("not_found", fmt.Sprintf("The platform knows no %s.", what), "Look at tillproof platform certs and tillproof platform till list; tillproof platform enrol-code makes what is missing.")
}

func errArgument(err error) *pos.Error {
	return refusal("request_invalid", fmt.Sprintf("This cannot be done: %v.", err), "Correct it and try again; nothing was changed.").Because(err)
}
