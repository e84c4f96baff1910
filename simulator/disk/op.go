package disk

// Kind is what a program did to the disk.
type Kind uint8

// The kinds of operation. A Mark is a note of the program's own, see [Disk.Mark].
const (
	Create Kind = iota + 1
	Write
	Truncate
	Rename
	Unlink
	Mkdir
	Sync    // fsync or fdatasync of a file
	SyncDir // fsync of a folder
	Mark
)

// String names the kind.
func (k Kind) String() string {
	names := [...]string{"nothing", "create", "write", "truncate", "rename", "unlink", "mkdir", "sync", "sync of a folder", "mark"}
	return names[min(int(k), len(names)-1)]
}

// Op is one operation, in the order in which they reached the disk.
type Op struct {
	Kind   Kind
	File   int    // of Create, Write, Truncate, Rename and Sync: a number that stays with the file over renames, from 1
	Path   string // relative to the disk; of a Mark its text
	To     string // of Rename
	At     int64  // of Write: the offset in bytes
	Size   int64  // of Truncate: bytes
	Data   []byte // of Write: what arrived, less than was asked for after a short write
	Failed bool   // it was answered with an error: a Sync has made nothing durable, of a Write what arrived is there
}

// Failure is what goes wrong.
type Failure uint8

// The failures. Short writes half of the bytes and lets the rest of that write fail with ENOSPC; what is no write fails with ENOSPC. Slow makes
// a sync wait for [SlowSync] and succeed.
const (
	EIO Failure = iota + 1
	ENOSPC
	Short
	Slow
)

// String names the failure.
func (f Failure) String() string {
	names := [...]string{"nothing", "EIO", "ENOSPC", "short write", "slow sync"}
	return names[min(int(f), len(names)-1)]
}

// Fault lets operation At fail, counted from 0 over all that [Disk.Begin] has started to note; with Stays all later ones too.
type Fault struct {
	At    int
	Do    Failure
	Stays bool
}
