package idtechsim

// Do is what a reader makes of a card.
type Do string

// The behaviours; the zero value reads the card well.
const (
	Read         Do = ""
	Unreadable   Do = "unreadable"    // tracks with magnetic data that could not be decoded: no lengths, no key
	WrongLRC     Do = "wrong_lrc"     // of the swipe
	WrongSum     Do = "wrong_sum"     // of the swipe
	WrongEnd     Do = "wrong_end"     // of the swipe
	WrongFields  Do = "wrong_fields"  // the fields end before the card data do
	Cut          Do = "cut"           // Bytes of the swipe, and then nothing
	Repeat       Do = "repeat"        // the key serial number of the swipe before
	Backwards    Do = "backwards"     // a key serial number before that
	NoKSN        Do = "no_ksn"        // ciphertext without the number of its key
	FixedKey     Do = "fixed_key"     // one key for all cards
	ClearFlag    Do = "clear_flag"    // tracks as text in a frame, and none encrypted
	Unmasked     Do = "unmasked"      // tracks encrypted, and beside them as text without a mask
	ClearText    Do = "clear_text"    // tracks as text without a frame
	OtherReader  Do = "other_reader"  // the serial number of another reader
	OtherKey     Do = "other_key"     // a key serial number of another initial key
	SilentReader Do = "silent_reader" // nothing at all, as tampered readers do

	// Of readers of chip and contactless cards only.
	WrongCRC    Do = "wrong_crc"    // of the answer
	WhiteListed Do = "white_listed" // a card of a range that the reader was told not to encrypt: marked as encrypted, and in clear
	Tampered    Do = "tampered"     // the reader was opened: it says so from now on
	NoCard      Do = "no_card"      // the reader has seen no card in its time
)

// Kinds of a card (field 3 of the card data).
const (
	Bank   byte = 0x80
	AAMVA  byte = 0x81
	Other  byte = 0x83
	KeyedT byte = 0x85
)

// Entry is how a card is read by a reader that knows more than stripes.
type Entry string

// The entries; the zero value is contactless EMV.
const (
	Tapped    Entry = ""
	Inserted  Entry = "chip"
	TappedMSD Entry = "msd" // contactless, in the manner of a stripe
	Drawn     Entry = "stripe"
)

// Card is a card that is drawn through the reader. Tracks are what stands on the stripe, with sentinels and without check character; "" is a track that the
// card has not.
type Card struct {
	Track1, Track2, Track3 string
	Bad                    [3]bool // tracks that have data and cannot be decoded
	Kind                   byte    // Bank when 0
	Chip                   bool    // tells it by its service code
	Do                     Do
	Entry                  Entry  // at a reader of chip and contactless cards
	Seen                   bool   // that reader says first that it sees a card
	Bytes                  int    // of a Cut
	Junk                   []byte // on the line before the swipe
}

// TestCard is a card with the well-known test number 4111111111111111, track 2 only.
func TestCard() Card { return Card{Track2: ";4111111111111111=30121010000000000?"} }

// TestCardOfBothTracks is TestCard with a track 1, which has a name.
func TestCardOfBothTracks() Card {
	c := TestCard()
	c.Track1 = "%B4111111111111111^DOE/JANE^30121010000000000?"
	return c
}

// tracks are the tracks with their check characters, as the reader reads them.
func (c *Card) tracks() (all [3]string) {
	for i, t := range []string{c.Track1, c.Track2, c.Track3} {
		if t != "" && !c.Bad[i] {
			all[i] = t + string(check(t))
		}
	}
	return all
}

// check is the check character of a track: XOR of the code values (ISO/IEC 7811-2), which are characters less 20 on track 1 and less 30 on the others.
func check(track string) byte {
	base := byte(0x30)
	if track[0] == '%' {
		base = 0x20
	}
	sum := byte(0)
	for i := range len(track) {
		sum ^= track[i] - base
	}
	return sum + base
}

// status is field 4: a track that the card has not counts as decoded.
func (c *Card) status() (status byte) {
	for i, t := range []string{c.Track1, c.Track2, c.Track3} {
		if !c.Bad[i] && c.Do != Unreadable || t == "" {
			status |= 1 << i
		}
		if t != "" {
			status |= 1 << (i + 3)
		}
	}
	return status
}
