package agent

import "github.com/tillproof/tillproof/agent/api"

// counts are what the way to the platform counted since the start; nothing when no platform is configured.
func (u *uplink) counts() api.SyncCounts {
	if u.outbox == nil {
		return api.SyncCounts{}
	}
	sent := u.outbox.Counts()
	counts := api.SyncCounts{Batches: sent.Batches, Acks: sent.Acks}
	for kind, n := range u.caller.Counts() {
		counts.Calls = append(counts.Calls, api.CallCount{Op: string(kind.Op), Outcome: kind.Outcome, N: n})
	}
	return counts
}
