package command

import (
	"io"
	"os"

	"golang.org/x/term"
)

// paint colours words on a terminal. Anywhere else, and where NO_COLOR is set (no-color.org), it leaves them as they are.
type paint bool

func paintFor(w io.Writer) paint {
	f, isFile := w.(*os.File)
	return paint(os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && isFile && term.IsTerminal(int(f.Fd())))
}

// The colours (ECMA-48, select graphic rendition).
const (
	green  = "32"
	yellow = "33"
	red    = "31"
	bold   = "1"
)

func (p paint) as(colour, text string) string {
	if !p {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}
