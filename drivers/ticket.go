package drivers

import "crypto/sha256"

// ticketAlphabet is what every family lets a till send along.
const ticketAlphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

// Ticket makes of a [Sale]'s Ref a name of so many characters out of 0-9 and A-Z, at most 32, for a terminal that takes only short ones. Two commands
// have the same one by chance only: about 1 in two thousand million for 6 characters.
func Ticket(ref string, length int) string {
	sum := sha256.Sum256([]byte("ticket\x00" + ref))
	name := make([]byte, length)
	for i := range name {
		name[i] = ticketAlphabet[int(sum[i])%len(ticketAlphabet)]
	}
	return string(name)
}
