package command

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/concert"
	"github.com/tillproof/tillproof/drivers/ecr17"
	"github.com/tillproof/tillproof/drivers/hypercom"
	"github.com/tillproof/tillproof/drivers/idtech"
	"github.com/tillproof/tillproof/drivers/msr"
	"github.com/tillproof/tillproof/drivers/scanner"
	"github.com/tillproof/tillproof/drivers/trace"
	"github.com/tillproof/tillproof/drivers/transbank"
	"github.com/tillproof/tillproof/drivers/zvt"
	"github.com/tillproof/tillproof/qr/code"
	"github.com/tillproof/tillproof/qr/payload"
)

// decoder says how one protocol is decoded.
type decoder struct {
	in     string // the form of input if --in is not given: hex or text
	cut    cut
	decode func([]byte) []drivers.Decoded
}

func decoders() map[string]decoder {
	return map[string]decoder{
		"zvt":       {"hex", framed, zvt.Decode},
		"transbank": {"hex", framed, transbank.Decode},
		"ecr17":     {"hex", framed, ecr17.Decode},
		"concert":   {"hex", framed, concert.Decode},
		"hypercom":  {"hex", framed, hypercom.Decode},
		"idtech":    {"hex", framed, idtech.Decode},
		"msr":       {"hex", ended, msr.Decode},
		"record":    {"hex", framed, decodeRecord},
		"scan":      {"text", ended, scanner.Decode},
		"emvqr":     {"text", whole, payload.Decode},
		"cpm":       {"text", whole, code.Decode},
	}
}

func decodeCommand() *cobra.Command {
	var in string
	c := &cobra.Command{
		Use:   "decode PROTOCOL [FILE...]",
		Short: "Put recorded bytes into words, one JSON object a frame (protocols: " + protocols() + ")",
		Long: "Decode reads one input a line, from the files or else from stdin, and writes one JSON object for each frame\n" +
			"and control byte. Card data is masked. It ends with 0 if everything was understood, and with 1 if anything\n" +
			"was not.\n\nProtocols: " + protocols(),
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(c *cobra.Command, args []string) error {
			return runDecode(c, args, in)
		},
	}
	c.Flags().StringVar(&in, "in", "",
		"form of the input: hex (blanks ignored), text, or raw (all of it as bytes); the default is the protocol's own")
	return c
}

// protocols lists what can be decoded.
func protocols() string { return strings.Join(slices.Sorted(maps.Keys(decoders())), " ") }

func runDecode(c *cobra.Command, args []string, in string) error {
	if len(args) == 0 {
		return exit(exitUsage, fmt.Errorf("decode needs a protocol: %s", protocols()))
	}
	d, known := decoders()[args[0]]
	if !known {
		return exit(exitUsage, fmt.Errorf("unknown protocol %q; known are: %s", args[0], protocols()))
	}
	if in != "" {
		d.in = in
	}
	if !slices.Contains([]string{"hex", "text", "raw"}, d.in) {
		return exit(exitUsage, fmt.Errorf("--in %s: the form of the input is hex, text or raw", in))
	}
	run := decodeRun{decoder: d, protocol: args[0], out: json.NewEncoder(c.OutOrStdout())}
	run.out.SetEscapeHTML(false)
	return run.all(c.InOrStdin(), args[1:])
}

// decodeRun is one use of the command.
type decodeRun struct {
	decoder
	protocol string
	out      *json.Encoder
	failed   bool // something was not understood
}

// all decodes the files, or stdin when there are none.
func (r *decodeRun) all(stdin io.Reader, files []string) error {
	if len(files) == 0 {
		return r.end(r.stream(stdin))
	}
	for _, name := range files {
		if err := r.file(name); err != nil {
			return r.end(err)
		}
	}
	return r.end(nil)
}

func (r *decodeRun) file(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return exit(exitUsage, err)
	}
	defer f.Close()
	return r.stream(f)
}

// end turns the state of the run into the command's error.
func (r *decodeRun) end(err error) error {
	var e *exitError
	switch {
	case errors.As(err, &e):
		return err
	case err != nil:
		return exit(exitAway, fmt.Errorf("decode: %w", err))
	case r.failed:
		return exit(exitNot, nil)
	}
	return nil
}

// stream decodes line by line as the lines come; raw input has no lines.
func (r *decodeRun) stream(in io.Reader) error {
	if r.in == "raw" {
		return r.raw(in)
	}
	lines := bufio.NewReaderSize(in, maxDecodeLine)
	for {
		line, err := lines.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			line, err = nil, r.tooLong(lines)
		}
		if decoded := r.line(line); decoded != nil {
			return decoded
		}
		if err != nil {
			return unlessEOF(err)
		}
	}
}

func (r *decodeRun) line(line []byte) error {
	line = bytes.TrimPrefix(bytes.TrimRight(line, "\r\n"), []byte("\uFEFF")) // a mark that some editors put before the first line
	if len(bytes.TrimSpace(line)) == 0 {
		return nil
	}
	if r.in == "text" {
		return r.write(r.decode(line))
	}
	b, err := hex.DecodeString(strings.Map(dropBlank, string(line)))
	if err != nil {
		return r.write([]drivers.Decoded{{Error: hexFault(err), Protocol: r.protocol}})
	}
	return r.write(r.decode(b))
}

// hexFault says what is wrong without repeating the line, which may hold card data.
func hexFault(err error) string {
	if errors.Is(err, hex.ErrLength) {
		return "truncated: the line has an odd number of hex digits"
	}
	return "the line is not hex: it has other characters than 0-9, a-f and blanks"
}

func dropBlank(r rune) rune {
	if unicode.IsSpace(r) {
		return -1
	}
	return r
}

func (r *decodeRun) write(objects []drivers.Decoded) error {
	for _, d := range objects {
		if !d.OK {
			r.failed = true
			trace.HideCards(&d) // what the protocol's decoder did not understand it cannot mask: it may be another protocol's
		}
		if d.Fields == nil {
			d.Fields = map[string]any{}
		}
		if err := r.out.Encode(d); err != nil {
			return err
		}
	}
	return nil
}
