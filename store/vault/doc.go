// Package vault keeps what encrypting card readers have delivered while the platform was away, until the acquirer's answer is known. It lies beside the
// journal and not in it: a hash chain cannot forget, and track data may not outlive its authorisation.
//
// An entry belongs to one payment. What is in it is sealed to the platform's key with till and payment bound in before it comes here, so that neither the till
// nor who steals its disk can open it; the vault only knows whether an entry is whole. The journal's record names the entry's hash. The order is: entry
// durable, then the record; the platform's answer durable, then the entry erased. So a till that dies in between has an entry too many and never one too few,
// and who opens the vault at the next start compares it with the journal.
//
// Erase overwrites an entry with zeros, has that written out, and removes the file. On a disk that writes in place nothing is left then. Flash (SSD, eMMC, SD
// cards) and file systems that copy on write put the zeros elsewhere: the old bytes may stay until the device reuses their block. They are still sealed.
//
// # The folder
//
// Beside the journal, mode 0700, files 0600:
//
//	vault/<payment>.sealed    "TPV1", SHA-256 of the rest, the sealed swipe
//	vault/last-ksn.json       the counter of the last swipe of each reader and key: {"<serial>/<key set in hex>": counter}
package vault
