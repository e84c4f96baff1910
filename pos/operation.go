package pos

import "slices"

// OperationKind is something done to a payment after it was taken.
type OperationKind string

// The kinds of operation.
const (
	Void     OperationKind = "void"
	Refund   OperationKind = "refund"
	Reversal OperationKind = "reversal"
	Capture  OperationKind = "capture"
)

// OperationState is how far an operation has come.
type OperationState string

// The states of an operation.
const (
	OperationRequested OperationState = "requested"
	OperationDone      OperationState = "done"
	OperationRefused   OperationState = "refused"
	OperationUnknown   OperationState = "unknown"
)

// next is the whole table of allowed changes of an operation.
func (s OperationState) next() []OperationState {
	switch s {
	case OperationRequested:
		return []OperationState{OperationDone, OperationRefused, OperationUnknown}
	case OperationUnknown:
		return []OperationState{OperationDone, OperationRefused}
	}
	return nil
}

// Can says whether an operation may go from s to the given state.
func (s OperationState) Can(to OperationState) bool { return slices.Contains(s.next(), to) }
