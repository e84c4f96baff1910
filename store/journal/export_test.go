package journal

// Dump hashes the views of a running journal as `journal rebuild` would.
func (j *Journal) Dump() (Rebuilt, error) { return j.views.dump() }
