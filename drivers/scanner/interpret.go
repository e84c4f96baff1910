package scanner

import (
	"strings"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/scanner/gs1"
)

// composite begins the second part of a composite symbol (GS1 General Specifications §5.11): GS1 data behind an EAN or other code.
const composite = "|]e0"

// interpret says what a code means by its own form. The code stays with the scan.
func interpret(code []byte, encoding string, at time.Time) drivers.Scan {
	aim, payload := cutAIM(string(code))
	scan := drivers.Scan{Raw: code, AIM: aim, At: at}
	if aim != "" {
		scan.Symbology = symbology(aim)
	}
	payload, second, isComposite := strings.Cut(payload, composite)
	scan.Text = toText(payload, encoding)
	if gs1.CarriesGS1(aim) {
		scan.Text = gs1.Separator + strings.TrimPrefix(scan.Text, gs1.Separator)
	}
	scan.Fault = checkDigits(aim, payload)
	addFirst(&scan, payload, isComposite)
	if isComposite {
		addElements(&scan, second)
	}
	return scan
}

// addFirst adds the elements of a code, or of the first part of a composite one. Where the symbology promises GS1 data, the payload is
// read as the scanner sent it, for it then matters whether FNC1 was passed on.
func addFirst(scan *drivers.Scan, payload string, isComposite bool) {
	gtin, isGTIN := gs1.GTIN(payload)
	switch {
	case gs1.CarriesGS1(scan.AIM), strings.HasPrefix(payload, gs1.Separator):
		addElements(scan, payload)
	case isComposite && isGTIN:
		scan.Elements = []drivers.Element{{AI: "01", Value: gtin}}
	default:
		if r, err := gs1.Read(scan.Text); err == nil {
			scan.Elements, scan.Ambiguous = r.Elements, r.Ambiguous
		}
	}
}

// addElements adds the elements of an element string.
func addElements(scan *drivers.Scan, data string) {
	r, err := gs1.Parse(data)
	if err != nil && scan.Fault == "" {
		scan.Fault = "The code cannot be used: " + err.Error() + "."
	}
	scan.Elements = append(scan.Elements, r.Elements...)
	scan.Ambiguous = scan.Ambiguous || r.Ambiguous
}

// checkDigits says what is wrong with the digits of an EAN code, "" when nothing is (GS1 General Specifications §5.2).
func checkDigits(aim, payload string) string {
	want := 13
	switch {
	case aim != "]E0" && aim != "]E4":
		return ""
	case aim == "]E4":
		want = 8
	}
	switch {
	case len(payload) != want || !gs1.Digits(payload):
		return "The barcode was not read whole. Scan it again."
	case !gs1.Checked(payload):
		return "The check digit of the barcode is wrong. Scan it again."
	}
	return ""
}

// isArticle says whether an AIM identifier is that of an EAN or UPC code.
func isArticle(aim string) bool { return strings.HasPrefix(aim, "]E") }
