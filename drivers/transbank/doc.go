// Package transbank speaks the serial protocol of Transbank's card terminals in Chile (POS Integrado). It decodes what was recorded on such a line.
//
// Source: the public documentation of POS Integrado and Transbank's own kits for programmers, as far as they agree.
package transbank
