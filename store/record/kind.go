package record

import "fmt"

// Kind says what a record is about. The numbers are part of the format and never change.
type Kind uint8

// The kinds of record.
const (
	KindBoot            Kind = 1
	KindKey             Kind = 2
	KindConfig          Kind = 3
	KindShiftOpened     Kind = 4
	KindShiftClosed     Kind = 5
	KindIntent          Kind = 6
	KindResult          Kind = 7
	KindConfirmed       Kind = 8
	KindResolution      Kind = 9
	KindOperation       Kind = 10
	KindOfflineApproval Kind = 11
	KindPolicy          Kind = 12
	KindPlatformResult  Kind = 13
	KindClockJump       Kind = 14
	KindSettlement      Kind = 15
	KindOverride        Kind = 16
	KindCarry           Kind = 17
	KindHole            Kind = 18
	KindPresented       Kind = 19
	KindOperationResult Kind = 20
	KindOperationEnd    Kind = 21
)

// String is the kind's name in record.cddl.
func (k Kind) String() string {
	names := [...]string{"", "boot", "key", "config", "shift_opened", "shift_closed", "intent", "result", "confirmed", "resolution",
		"operation", "offline_approval", "policy", "platform_result", "clock_jump", "settlement", "override", "carry", "hole", "presented",
		"operation_result", "operation_end"}
	if k == 0 || int(k) >= len(names) {
		return fmt.Sprintf("kind_%d", uint8(k))
	}
	return names[k]
}
