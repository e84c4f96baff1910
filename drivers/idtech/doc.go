// Package idtech reads what readers send that encrypt a card's data in their own head (the ID TECH family). It decodes what was recorded on such a line. What
// is encrypted stays opaque: there is no key here.
//
// Source: public manuals of SecureMag, SecureHead and their relatives, as far as they agree.
package idtech
