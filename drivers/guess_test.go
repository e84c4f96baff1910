package drivers

import "testing"

func TestGuess(t *testing.T) {
	for name, c := range map[string]struct{ said, want string }{
		"nothing":                              {"", ""},
		"a bare ACK":                           {"\x06", ""},
		"bare NAKs":                            {"\x15\x15\x15", ""},
		"ZVT, ACK and reply on a line":         {"\x06\x10\x02\x80\x00\x00\x10\x03\xF5\x1F", GuessZVT},
		"ZVT, a cut frame":                     {"\x10\x02\x06", GuessZVT},
		"ZVT on TCP, 80 00":                    {"\x80\x00\x00", GuessZVT},
		"ZVT on TCP, 84 83":                    {"\x84\x83\x00", GuessZVT},
		"ZVT on TCP, a completion":             {"\x06\x0F\x01\x00", GuessZVT},
		"ECR17, ACK":                           {"\x06\x03\x7A", GuessECR17},
		"ECR17, NAKs":                          {"\x15\x03\x69\x15\x03\x69", GuessECR17},
		"ECR17, progress":                      {"\x01ATTENDERE PREGO     \x04", GuessECR17},
		"ECR17, a frame":                       {"\x02123456780s0\x03\x3F", GuessECR17},
		"Transbank, ACK and reply":             {"\x06\x020810|00|597000000001|\x03\x00", GuessTransbank},
		"Transbank, progress, cut":             {"\x020900|", GuessTransbank},
		"Transbank, a poll":                    {"\x020100\x03\x02", GuessTransbank},
		"Hypercom":                             {"\x02\x00\x296000000000", GuessHypercom},
		"Hypercom, ACK and answer":             {"\x06\x02\x00\x18600000000011FFCP0\x1C\x03\x22", GuessHypercom},
		"Hypercom, with addresses":             {"\x02\x03\x20600001000211200000\x1C", GuessHypercom},
		"ECR17, an id like Hypercom's header":  {"\x02006000000s\x03\x3F", GuessECR17},
		"a frame that says nothing of itself":  {"\x02HELLO\x03\x41", GuessFramed},
		"Concert, ENQ":                         {"\x05", GuessConcert},
		"Concert, ENQ and EOT":                 {"\x05\x05\x04", GuessConcert},
		"Concert, session with an answer":      {"\x05\x0201700001990", GuessConcert},
		"Concert, an answer of 25":             {"\x02010000019901978          \x03\x37", GuessConcert},
		"Concert, tags":                        {"\x02CZ0040300CJ012", GuessConcert},
		"Concert on TCP, tags":                 {"CZ0040300CJ012012345678901", GuessConcert},
		"an encrypting reader, a setting":      {"\x06\x02\x7E\x01\x33\x03\x4F", GuessReader},
		"an encrypting reader, a swipe":        {"\x02\x07\x00\x80\x1F\x00\x00\x00\x00\x00\x00\x00\x03", GuessReader},
		"a reader of contactless cards":        {"\x00ViVOtech2\x00\x18\x00", GuessReader},
		"a reader of contactless cards, cut":   {"ViVOtech", GuessText},
		"track 1":                              {"%B4111111111111111^", GuessTrack},
		"track 2":                              {";4111111111111111=", GuessTrack},
		"a scanner's line":                     {"4006381333931\r\n", GuessText},
		"a web server":                         {"HTTP/1.1 400 Bad Request\r\n", GuessText},
		"two characters":                       {"ab", ""},
		"noise of a wrong baud rate":           {"\xFE\xE0\x18\xFE", ""},
		"a class of ZVT that is not a command": {"\x80\x12\x34", ""},
	} {
		if got := Guess([]byte(c.said)); got != c.want {
			t.Errorf("%s: %q, not %q", name, got, c.want)
		}
	}
}

func FuzzGuess(f *testing.F) {
	f.Add([]byte("\x02\x07\x00\x80"))
	f.Add([]byte("\x06\x02\x7E\xFF"))
	f.Add([]byte("\x01"))
	f.Fuzz(func(_ *testing.T, said []byte) { Guess(said) })
}
