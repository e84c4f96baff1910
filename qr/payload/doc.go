// Package payload reads and writes the texts inside merchant-presented payment QR codes.
//
// Most of them follow the EMVCo QR Code Specification for Payment Systems, Merchant-Presented Mode (QRCPS-MPM) v1.0; section
// numbers in this package are those of it. [Parse] keeps every byte: an untouched [Tree] encodes to the text that it was read
// from. On the tree stand the schemes, one file each: [List] names them, [Scheme.Encode] makes a code that asks for one amount
// under one reference, [Read] says in the same words what any code asks for.
//
// A code is a request. That it was shown, or that somebody holds up a phone that says "paid", moves no money: only the bank's own
// report under the same reference, amount and currency does. A shown code cannot be taken back, so a code that would ask for other
// money than was meant must not leave this package: Encode reads its own result back before it returns it.
//
// Everything here is a pure function of its arguments and safe for concurrent use.
package payload
