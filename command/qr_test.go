package command

import (
	"bytes"
	"encoding/json"
	"errors"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/creack/pty"
	"github.com/spf13/cobra"
)

// qr runs the command and gives its output and exit code.
func qr(t *testing.T, in io.Reader, args ...string) (string, int, error) {
	t.Helper()
	var out bytes.Buffer
	code, err := qrTo(t, in, &out, args...)
	return out.String(), code, err
}

func qrTo(t *testing.T, in io.Reader, out io.Writer, args ...string) (int, error) {
	t.Helper()
	c := qrCommand(&cobra.Command{Use: "classify", Run: func(c *cobra.Command, _ []string) { c.Print("classified") }})
	c.SilenceUsage, c.SilenceErrors = true, true
	c.SetIn(in)
	c.SetOut(out)
	c.SetErr(io.Discard)
	c.SetArgs(args)
	err := c.Execute()
	if err == nil {
		return exitDone, nil
	}
	return codeOf(err), err
}

const pixText = "00020126420014br.gov.bcb.pix0120loja7@exemplo.com.br520400005303986540512.345802BR5912LOJA EXEMPLO6008CURITIBA62200516T7K20250102A000163046873"

func pixArgs(more ...string) []string {
	return append([]string{"encode", "pix", "key=loja7@exemplo.com.br", "name=LOJA EXEMPLO", "city=CURITIBA"}, more...)
}

func TestQREncode(t *testing.T) {
	out, code, err := qr(t, nil, pixArgs("amount=1234", "reference=T7K20250102A0001")...)
	if err != nil || code != 0 || out != pixText+"\n" {
		t.Errorf("%q, %d, %v", out, code, err)
	}
	out, _, err = qr(t, nil, pixArgs("amount=1234", "reference=T7K20250102A0001", "--json")...)
	var made map[string]any
	if err != nil || json.Unmarshal([]byte(out), &made) != nil || made["payload"] != pixText || made["amount"] != 1234.0 || made["currency"] != "BRL" ||
		made["reference"] != "T7K20250102A0001" || made["source"] != "local" {
		t.Errorf("%s, %v", out, err)
	}
	out, _, err = qr(t, nil, "encode", "epc", "iban=DE23100000001234567890", "name=Bäckerei", "charset=2", "amount=1", "reference=R1", "--json")
	if err != nil || !strings.Contains(out, `"payload_hex":"4243440a`) || strings.Contains(out, `"payload":`) {
		t.Errorf("Latin 1: %s, %v", out, err)
	}
}

func TestQREncodeSaysWhatIsWrong(t *testing.T) {
	for _, c := range []struct{ args, says string }{
		{"encode nonsense", "nonsense"},
		{"encode pix", "amount"},
		{"encode pix amount=12.34", "minor units"},
		{"encode pix amount=1 amount=2", "once"},
		{"encode pix amount", "name=value"},
		{"encode pix amount=1 reference=R", "key is missing"},
		{"encode pix amount=-1 reference=R key=k name=n city=c", "negative"},
		{"encode pix amount=1 reference=R key=k name=n city=c currency=EUR", "BRL"},
		{"encode template amount=1 reference=R template=0002", "currency"},
		{"encode duitnow amount=1 reference=R", "cannot be made here"},
	} {
		out, code, err := qr(t, nil, strings.Fields(c.args)...)
		if code != exitUsage || out != "" || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %q, %d, %v", c.args, out, code, err)
		}
	}
}

func TestQREncodeListsSchemes(t *testing.T) {
	out, _, err := qr(t, nil, "encode")
	for _, want := range []string{"pix ", "biller", "(needed)", "(default 05)", "duitnow", "only read here"} {
		if err != nil || !strings.Contains(out, want) {
			t.Errorf("%q is not listed: %v", want, err)
		}
	}
	out, _, err = qr(t, nil, "encode", "--json")
	var list struct {
		Schemes []struct {
			Name   string
			Makes  bool
			Values []struct{ Name string }
		}
	}
	if err != nil || json.Unmarshal([]byte(out), &list) != nil || len(list.Schemes) < 20 || list.Schemes[0].Name != "pix" || !list.Schemes[0].Makes ||
		list.Schemes[0].Values[0].Name != "key" {
		t.Errorf("%s, %v", out, err)
	}
}

func TestQRDecode(t *testing.T) {
	for _, args := range [][]string{{"decode", pixText}, {"decode", "-"}, {"decode"}} {
		out, code, err := qr(t, strings.NewReader(pixText+"\r\n"), args...)
		if err != nil || code != 0 {
			t.Fatalf("%v: %d, %v", args, code, err)
		}
		got := objects(t, out)
		if len(got) != 1 || !got[0].OK || got[0].Name != "pix" || got[0].Fields["amount"] != 1234.0 || got[0].Fields["x_26_01"] != "loja7@exemplo.com.br" {
			t.Errorf("%v: %s", args, out)
		}
	}
	out, code, _ := qr(t, nil, "decode", pixText[:100])
	if got := objects(t, out); code != exitNot || got[0].OK || !strings.HasPrefix(got[0].Error, "truncated") {
		t.Errorf("%d, %s", code, out)
	}
	if _, code, err := qr(t, strings.NewReader(strings.Repeat("0", maxCode+1)), "decode"); code != exitUsage {
		t.Errorf("too long: %d, %v", code, err)
	}
	fault := errors.New("fault")
	for _, cmd := range []string{"decode", "render"} {
		if _, code, err := qr(t, faulty{fault}, cmd); code != exitAway || !errors.Is(err, fault) {
			t.Errorf("%s: read fault: %d, %v", cmd, code, err)
		}
	}
	if code, err := qrTo(t, nil, faulty{fault}, "decode", pixText); code != exitAway || !errors.Is(err, fault) {
		t.Errorf("write fault: %d, %v", code, err)
	}
}

func TestQRRender(t *testing.T) {
	for _, c := range []struct {
		args         []string
		begins, ends string
	}{
		{[]string{"--format", "png"}, "\x89PNG", "IEND\xaeB`\x82"},
		{[]string{"--format", "png", "--size", "400"}, "\x89PNG", "IEND\xaeB`\x82"},
		{[]string{"--format", "svg"}, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 `, "</svg>\n"},
		{[]string{"--format", "svg", "--size", "400"}, `<svg xmlns="http://www.w3.org/2000/svg" width="400"`, "</svg>\n"},
		{[]string{"--format", "escpos"}, "\x1ba\x01\x1dv0\x00", "\x1ba\x00"},
		{[]string{"--format", "escpos", "--size", "576"}, "\x1ba\x01\x1dv0\x00", "\x1ba\x00"},
		{[]string{}, "█████", "\n"},
		{[]string{"--size", "200", "--inverse"}, "     ", " \n"},
	} {
		out, code, err := qr(t, strings.NewReader(pixText+"\n"), append([]string{"render"}, c.args...)...)
		if err != nil || code != 0 || !strings.HasPrefix(out, c.begins) || !strings.HasSuffix(out, c.ends) {
			t.Errorf("%v: %.40q, %d, %v", c.args, out, code, err)
		}
	}
	path := filepath.Join(t.TempDir(), "code.png")
	if _, _, err := qr(t, nil, "render", pixText, "--format", "png", "--size", "300", "--out", path); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if picture, err := png.Decode(file); err != nil || picture.Bounds().Dx() != 300 {
		t.Errorf("%v", err)
	}
}

func TestQRRenderRefuses(t *testing.T) {
	for _, c := range []struct {
		text string
		args []string
		code int
		says string
	}{
		{pixText, []string{"--format", "png", "--size", "100"}, exitUsage, "it needs 1"},
		{pixText, []string{"--format", "svg", "--size", "1"}, exitUsage, "it needs 1"},
		{pixText, []string{"--format", "escpos", "--size", "60"}, exitUsage, "it needs 1"},
		{pixText, []string{"--size", "30"}, exitUsage, "columns"},
		{pixText, []string{"--size", "-1"}, exitUsage, "--size"},
		{pixText, []string{"--size", "100000"}, exitUsage, "--size"},
		{pixText, []string{"--format", "gif"}, exitUsage, "png, svg"},
		{"Café", nil, exitUsage, "ASCII"},
		{"", nil, exitUsage, "does not fit"},
		{pixText, []string{"--format", "png", "--out", "/nowhere/at/all.png"}, exitAway, "nowhere"},
	} {
		out, code, err := qr(t, nil, append([]string{"render", c.text}, c.args...)...)
		if code != c.code || out != "" || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%.10q %v: %.20q, %d, %v", c.text, c.args, out, code, err)
		}
	}
}

// A picture of bytes is kept from a terminal; what is text is not, and a pipe or the null device takes anything.
func TestQRRenderSparesTheTerminal(t *testing.T) {
	control, terminal, err := pty.Open()
	if err != nil {
		t.Skip("needs a pseudo terminal")
	}
	defer control.Close()
	defer terminal.Close()
	go io.Copy(io.Discard, control) //nolint:errcheck // ends with the terminal
	for format, want := range map[string]int{"png": exitUsage, "escpos": exitUsage, "svg": exitDone, "text": exitDone} {
		if code, err := qrTo(t, nil, terminal, "render", pixText, "--format", format); code != want {
			t.Errorf("%s: %d, %v", format, code, err)
		}
	}
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	if code, err := qrTo(t, nil, null, "render", pixText, "--format", "png"); code != exitDone {
		t.Errorf("null device: %d, %v", code, err)
	}
	null.Close()
	if code, _ := qrTo(t, nil, null, "render", pixText, "--format", "png"); code != exitAway {
		t.Errorf("closed file: %d", code)
	}
}

// The exit code says whether a code can be charged: an empty argument is a code that cannot.
func TestQRClassify(t *testing.T) {
	for _, c := range []struct {
		in   io.Reader
		args []string
		code int
		says string
	}{
		{nil, []string{"134567890123456789"}, exitDone, `"scheme":"wechat"`},
		{nil, []string{"134567890123456789\r\n"}, exitDone, `"scheme":"wechat"`},
		{nil, []string{""}, exitNot, `"kind":"other","length":0`},
		{strings.NewReader("134567890123456789\n4006381333931"), nil, exitNot, `"kind":"goods"`},
		{strings.NewReader(strings.Repeat("1", maxCode+1)), nil, exitUsage, "no code is that long"},
		{faulty{errors.New("fault")}, nil, exitAway, "fault"},
	} {
		var out bytes.Buffer
		command := classifyCommand()
		command.SilenceUsage, command.SilenceErrors = true, true
		command.SetIn(c.in)
		command.SetOut(&out)
		command.SetArgs(append([]string{"--json"}, c.args...))
		err := command.Execute()
		if err != nil {
			out.WriteString(err.Error())
		}
		if code := codeOf(err); err == nil && c.code != exitDone || err != nil && code != c.code || !strings.Contains(out.String(), c.says) {
			t.Errorf("%v: %q, %v", c.args, out.String(), err)
		}
	}
}

func TestQRCarriesClassify(t *testing.T) {
	if out, code, err := qr(t, nil, "classify"); out != "classified" || code != 0 {
		t.Errorf("%q, %d, %v", out, code, err)
	}
	if n := len(qrCommand(nil).Commands()); n != 3 {
		t.Errorf("%d commands without it", n)
	}
}
