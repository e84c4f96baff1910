package detect

// Port is a serial port of this machine, from what the system tells of it.
type Port struct {
	Path   string   `json:"port"`            // such as /dev/ttyUSB0; its number may change when devices are plugged in another order
	ByID   string   `json:"by_id,omitempty"` // the name that stays: what a configuration should have
	Bus    Bus      `json:"bus"`
	Driver string   `json:"kernel_driver,omitempty"`
	USB    *USB     `json:"usb,omitempty"` // nil for a port that is on no USB
	Kind   Kind     `json:"kind"`
	Text   string   `json:"text"`              // what is likely there, in words
	Lock   string   `json:"till,omitempty"`    // the till that has it open, by its lock
	Users  []string `json:"held_by,omitempty"` // other programs that have it open
	Sleeps bool     `json:"autosuspend,omitempty"`

	// Console says that the kernel or a login uses the port.
	Console bool    `json:"console,omitempty"`
	Heard   []Heard `json:"heard,omitempty"` // by listening
	Note    string  `json:"note,omitempty"`  // why nobody listened
}

// Bus says how a port is attached.
type Bus string

// The buses.
const (
	OnUSB   Bus = "usb"
	OnBoard Bus = "board"
)

// Kind says what a port leads to, by its USB ids.
type Kind string

// The kinds. An adapter says nothing of the device at its other end.
const (
	CardTerminal Kind = "card_terminal"
	Reader       Kind = "reader"
	Scanner      Kind = "scanner"
	Adapter      Kind = "adapter"
	Unknown      Kind = "unknown"
)

// USB is what a USB device tells of itself.
type USB struct {
	Vendor    string `json:"vendor"`  // four hex digits
	Product   string `json:"product"` // four hex digits
	Maker     string `json:"manufacturer,omitempty"`
	Name      string `json:"name,omitempty"`
	Serial    string `json:"serial,omitempty"`
	Interface string `json:"interface,omitempty"` // two hex digits: of several ports of one device
}

// Name is what a configuration should call the port.
func (p *Port) Name() string {
	if p.ByID != "" {
		return p.ByID
	}
	return p.Path
}

// Free says whether nobody uses the port.
func (p *Port) Free() bool { return p.Lock == "" && len(p.Users) == 0 && !p.Console }
