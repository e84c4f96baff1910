// Package pos is the glossary of the product: money, the names of things, and the states that a payment can be in.
//
// It depends on the standard library only, does no input or output, and every other package may use it. Rules that decide
// about money stand here as data (see [Status.Can] and [OperationState.Can]) so that no other package has an opinion.
package pos
