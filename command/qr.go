package command

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/qr/image"
	"github.com/tillproof/tillproof/qr/payload"
)

const (
	defaultPixels = 4     // a module, in a PNG without --size
	defaultHead   = 384   // dots of a 58 mm printer
	maxPicture    = 8192  // pixels a side
	maxCode       = 16384 // bytes of a text read from stdin: far more than any symbol holds
)

// qrCommand makes, reads and draws payment codes. classify, which reads codes that customers present, may be nil.
func qrCommand(classify *cobra.Command) *cobra.Command {
	group := &cobra.Command{Use: "qr", Short: "Make, read and draw payment QR codes"}
	group.AddCommand(qrEncodeCommand(), qrDecodeCommand(), qrRenderCommand())
	if classify != nil {
		group.AddCommand(classify)
	}
	return group
}

func qrEncodeCommand() *cobra.Command {
	asJSON := false
	c := &cobra.Command{
		Use:   "encode [SCHEME amount=N reference=R [currency=C] VALUE=...]",
		Short: "Print the text of a payment code; without a scheme, list the schemes and their values",
		Long: "Encode prints the text of a code that asks for an amount (in minor units) under a reference. It needs no till\n" +
			"and no network. A code is a request: that it was shown does not mean that anybody paid.",
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return listSchemes(c.OutOrStdout(), asJSON)
			}
			made, err := encodeCode(args[0], args[1:])
			if err != nil {
				return exit(exitUsage, err)
			}
			if asJSON {
				return writePlainJSON(c.OutOrStdout(), made)
			}
			_, err = fmt.Fprintln(c.OutOrStdout(), made.text)
			return away(err)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// madeCode is a code as `qr encode --json` prints it.
type madeCode struct {
	Scheme     string         `json:"scheme"`
	Source     payload.Source `json:"source"`
	Amount     pos.Minor      `json:"amount"`
	Currency   pos.Currency   `json:"currency"`
	Reference  string         `json:"reference,omitempty"`
	Payload    string         `json:"payload,omitempty"`     // as text, where it is UTF-8
	PayloadHex string         `json:"payload_hex,omitempty"` // as bytes, where it is not

	text string
}

func encodeCode(name string, pairs []string) (*madeCode, error) {
	s, ok := payload.Find(name)
	if !ok {
		return nil, fmt.Errorf("there is no scheme %q; `qr encode` without arguments lists them", name)
	}
	values, err := splitPairs(pairs)
	if err != nil {
		return nil, err
	}
	amount, err := takeMoney(values, s)
	if err != nil {
		return nil, err
	}
	made := &madeCode{Scheme: s.Name, Source: s.Source, Amount: amount.Amount, Currency: amount.Currency,
		Reference: values["reference"]}
	delete(values, "reference")
	if made.text, err = s.Encode(values, amount, made.Reference); err != nil {
		return nil, err
	}
	if utf8.ValidString(made.text) {
		made.Payload = made.text
	} else {
		made.PayloadHex = fmt.Sprintf("%x", made.text)
	}
	return made, nil
}

func splitPairs(pairs []string) (map[string]string, error) {
	values := map[string]string{}
	for _, pair := range pairs {
		name, value, ok := strings.Cut(pair, "=")
		if _, twice := values[name]; !ok || twice {
			return nil, fmt.Errorf("%q: each value is given once, as name=value", pair)
		}
		values[name] = value
	}
	return values, nil
}

// takeMoney takes amount and currency out of the values. The currency is needed only where the scheme has no usual one.
func takeMoney(values map[string]string, s payload.Scheme) (pos.Money, error) {
	n, err := strconv.ParseInt(values["amount"], 10, 64)
	if err != nil {
		return pos.Money{}, fmt.Errorf("amount=%q: give the amount in minor units, such as amount=1234 for 12.34", values["amount"])
	}
	money := pos.Money{Amount: pos.Minor(n), Currency: pos.Currency(values["currency"])}
	if money.Currency == "" && len(s.Currencies) > 0 {
		money.Currency = s.Currencies[0]
	}
	if money.Currency == "" {
		return pos.Money{}, errors.New("currency is missing: give the one of the template, such as currency=THB")
	}
	delete(values, "amount")
	delete(values, "currency")
	return money, nil
}

// listedScheme is a scheme as `qr encode --json` lists it.
type listedScheme struct {
	Name       string         `json:"name"`
	Title      string         `json:"title"`
	Source     payload.Source `json:"source"`
	Makes      bool           `json:"makes"`
	Reference  bool           `json:"reference"`
	Currencies []pos.Currency `json:"currencies"`
	Values     []listedValue  `json:"values"`
}

type listedValue struct {
	Name     string   `json:"name"`
	Text     string   `json:"text"`
	Required bool     `json:"required"`
	Default  string   `json:"default,omitempty"`
	OneOf    []string `json:"one_of,omitempty"`
}

func listSchemes(w io.Writer, asJSON bool) error {
	var all []listedScheme
	for _, s := range payload.List() {
		l := listedScheme{Name: s.Name, Title: s.Title, Source: s.Source, Makes: s.CanEncode(), Reference: !s.NoReference,
			Currencies: append([]pos.Currency{}, s.Currencies...), Values: []listedValue{}}
		for _, v := range s.Values {
			l.Values = append(l.Values, listedValue{v.Name, v.Doc, v.Required, v.Default, v.OneOf})
		}
		all = append(all, l)
	}
	if asJSON {
		return writePlainJSON(w, map[string]any{"schemes": all})
	}
	for _, l := range all {
		printScheme(w, l)
	}
	return nil
}

func printScheme(w io.Writer, l listedScheme) {
	if !l.Makes {
		fmt.Fprintf(w, "%-18s %s; only read here\n", l.Name, l.Title)
		return
	}
	fmt.Fprintf(w, "%-18s %s %v\n", l.Name, l.Title, l.Currencies)
	for _, v := range l.Values {
		note := ""
		switch {
		case v.Required:
			note = " (needed)"
		case v.Default != "":
			note = " (default " + v.Default + ")"
		}
		fmt.Fprintf(w, "    %-14s %s%s\n", v.Name, v.Text, note)
	}
}

func qrDecodeCommand() *cobra.Command {
	c := &cobra.Command{Use: "decode [TEXT|-]", Short: "Say in JSON what a payment code asks for; - or nothing reads it from stdin",
		Args: cobra.MaximumNArgs(1), RunE: func(c *cobra.Command, args []string) error {
			text, err := codeText(c.InOrStdin(), args)
			if err != nil {
				return err
			}
			d := payload.Decode([]byte(text))[0]
			if err := writePlainJSON(c.OutOrStdout(), d); err != nil {
				return err
			}
			if !d.OK {
				return exit(exitNot, nil)
			}
			return nil
		}}
	c.Flags().Bool("json", true, "print JSON; there is no other form")
	return c
}

// codeText is the argument, or all of stdin without the line end that closes it.
func codeText(stdin io.Reader, args []string) (string, error) {
	if len(args) == 1 && args[0] != "-" {
		return args[0], nil
	}
	all, err := io.ReadAll(io.LimitReader(stdin, maxCode+1))
	if err != nil {
		return "", away(err)
	}
	if len(all) > maxCode {
		return "", exit(exitUsage, fmt.Errorf("stdin has more than %d bytes: no code is that long", maxCode))
	}
	return strings.TrimSuffix(strings.TrimSuffix(string(all), "\n"), "\r"), nil
}

// renderFlags are the flags of qr render.
type renderFlags struct {
	format  string
	size    int
	inverse bool
	out     string
}

func qrRenderCommand() *cobra.Command {
	f := &renderFlags{}
	c := &cobra.Command{
		Use:   "render [TEXT|-]",
		Short: "Draw any text as a QR symbol; - or nothing reads it from stdin",
		Long: "Render draws a text of ASCII as a QR symbol of level M. Modules have a whole number of pixels, all the same; what is\n" +
			"left of --size becomes light margin. A size that is too small for that is refused, never shrunk.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return f.run(c, args) },
	}
	c.Flags().StringVar(&f.format, "format", "text", "png, svg, text, or escpos (GS v 0 raster)")
	c.Flags().IntVar(&f.size, "size", 0, "pixels of the whole picture; for escpos dots of the head (384); for text columns of the terminal")
	c.Flags().BoolVar(&f.inverse, "inverse", false, "text for a terminal with dark characters on a light ground")
	c.Flags().StringVar(&f.out, "out", "", "write to this file instead of stdout")
	formats := cobra.FixedCompletions([]string{"png", "svg", "text", "escpos"}, cobra.ShellCompDirectiveNoFileComp)
	_ = c.RegisterFlagCompletionFunc("format", formats) // fails only for a flag that is not there
	return c
}

func (f *renderFlags) run(c *cobra.Command, args []string) error {
	if f.size < 0 || f.size > maxPicture {
		return exit(exitUsage, fmt.Errorf("--size %d: a picture has 1 to %d pixels a side", f.size, maxPicture))
	}
	text, err := codeText(c.InOrStdin(), args)
	if err != nil {
		return err
	}
	symbol, err := image.New(text)
	if err != nil {
		return exit(exitUsage, err)
	}
	var picture bytes.Buffer
	if err := f.draw(&picture, symbol); err != nil {
		return exit(exitUsage, err)
	}
	if f.out != "" {
		return away(os.WriteFile(f.out, picture.Bytes(), 0o644))
	}
	if (f.format == "png" || f.format == "escpos") && isTerminal(c.OutOrStdout()) {
		return exit(exitUsage, fmt.Errorf("a %s picture is no text for a terminal: use --out FILE, or --format text", f.format))
	}
	_, err = picture.WriteTo(c.OutOrStdout())
	return away(err)
}

func (f *renderFlags) draw(w *bytes.Buffer, s *image.Symbol) error {
	switch {
	case f.format == "png" && f.size == 0:
		return s.PNG(w, defaultPixels)
	case f.format == "png":
		return s.PNGIn(w, f.size)
	case f.format == "svg" && f.size == 0:
		return s.SVG(w)
	case f.format == "svg":
		return s.SVGIn(w, f.size)
	case f.format == "escpos":
		return f.drawRaster(w, s)
	case f.format == "text":
		if need := s.Size() + 2*image.QuietTerminal; f.size > 0 && f.size < need {
			return fmt.Errorf("%d columns are too few for this code: it needs %d", f.size, need)
		}
		w.WriteString(s.Text(f.inverse))
		return nil
	}
	return fmt.Errorf("--format %s: the formats are png, svg, text and escpos", f.format)
}

// drawRaster centres the picture on the paper, and puts the alignment back.
func (f *renderFlags) drawRaster(w *bytes.Buffer, s *image.Symbol) error {
	head := f.size
	if head == 0 {
		head = defaultHead
	}
	raster, err := s.Raster(head)
	if err != nil {
		return err
	}
	w.WriteString("\x1ba\x01")
	w.Write(raster)
	w.WriteString("\x1ba\x00")
	return nil
}

// isTerminal says whether w is a character device other than the null device, which takes anything.
func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull)
	return err != nil || !os.SameFile(info, null)
}

// away is exit 3 for a fault of reading or writing.
func away(err error) error {
	if err == nil {
		return nil
	}
	return exit(exitAway, err)
}

// writePlainJSON prints a value on one line; codes are full of & and <, which stay what they are.
func writePlainJSON(w io.Writer, value any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return away(e.Encode(value))
}
