package drivers

// Decoded is one JSON object of `tillproof decode`: a frame, a link control byte, or what could not be understood. Card
// data is masked in Frame and Fields. What is not known is absent.
type Decoded struct {
	OK        bool           `json:"ok"`
	Error     string         `json:"error,omitempty"` // only if not OK; begins with "truncated" for what the input left unfinished
	Protocol  string         `json:"protocol"`
	Frame     string         `json:"frame,omitempty"`     // the bytes as received, lower-case hex
	Name      string         `json:"name,omitempty"`      // of the command or control byte
	Direction string         `json:"direction,omitempty"` // one of the constants below
	Class     string         `json:"class,omitempty"`     // zvt: two hex digits
	Instr     string         `json:"instr,omitempty"`     // zvt: two hex digits
	Transport string         `json:"transport,omitempty"` // zvt: serial or tcp
	Fields    map[string]any `json:"fields,omitzero"`     // by name; texts, integers and lists of texts
}

// Directions of a decoded message: who sends it.
const (
	FromECR    = "ecr"
	FromDevice = "device"
)
