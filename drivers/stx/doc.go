// Package stx is the link layer that several families of card terminals share: a frame begins with 02, ends with 03 and a check byte (LRC, the XOR of what
// lies between), and single control bytes stand around it. Where a frame says its length first, any byte may stand in it. [Rules] says in what a family differs. Driver and simulator of a family use it both.
package stx
