package outbox

import "maps"

// Refused is the name under which [Counts] has acknowledgements that the platform has not signed for this till.
const Refused = "refused"

// Counts are what happened since the outbox was made.
type Counts struct {
	Batches uint64            // handed to a courier, repetitions too
	Acks    map[string]uint64 // by the state that they tell, or [Refused]
}

// Counts is a copy of this moment.
func (o *Outbox) Counts() Counts {
	o.mu.Lock()
	defer o.mu.Unlock()
	return Counts{o.counts.Batches, maps.Clone(o.counts.Acks)}
}

func (o *Outbox) countBatch() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.counts.Batches++
}

func (o *Outbox) countAck(state string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.counts.Acks == nil {
		o.counts.Acks = map[string]uint64{}
	}
	o.counts.Acks[state]++
}
