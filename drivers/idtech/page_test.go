package idtech

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/drivers/idtech/neo2"
)

// page is the driver's documentation.
func page(t *testing.T) string {
	t.Helper()
	raw, err := os.ReadFile("../../docs/drivers/idtech.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// TestPageHasEveryStatus compares the table of a reply's status in the documentation with the driver's own, row by row.
func TestPageHasEveryStatus(t *testing.T) {
	_, table, found := strings.Cut(page(t), "\n| status | text |\n|---|---|\n")
	if !found {
		t.Fatal("the page has no table of status")
	}
	table, _, _ = strings.Cut(table, "\n\n")
	var want []string
	for status := range 256 {
		if text := neo2.StatusText(byte(status)); text != neo2.StatusText(0xEE) {
			want = append(want, fmt.Sprintf("| %02X | %s |", status, text))
		}
	}
	if got := strings.Split(table, "\n"); !slices.Equal(got, want) {
		t.Errorf("the table of the page is not the driver's, which is\n%s", strings.Join(want, "\n"))
	}
}

// TestPageHasEveryOption finds each option in a row of the page and in the package's comment, each error code on the page, and the times that it names.
func TestPageHasEveryOption(t *testing.T) {
	source, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	text, o := page(t), defaults()
	for _, name := range slices.Sorted(maps.Keys(o.readers())) {
		if !strings.Contains(text, "\n| `"+name+"` | `") || !strings.Contains(string(source), "\n//\t"+name+" ") {
			t.Errorf("option %s is not described in both places", name)
		}
	}
	for _, code := range []string{string(deviceUnavailable), string(cardUnreadable), string(useChip), string(readerInClear), string(readerReplay), string(readerUsedUp), string(readerTampered)} {
		if !strings.Contains(text, "`"+code+"`") {
			t.Errorf("code %s is not on the page", code)
		}
	}
	for _, words := range []string{fmt.Sprintf("for %d ms", gap.Milliseconds()), neoFormat} {
		if !strings.Contains(text+string(source), words) {
			t.Errorf("%q stands nowhere", words)
		}
	}
}
