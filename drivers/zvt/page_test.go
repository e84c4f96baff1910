package zvt

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// page is the driver's documentation.
func page(t *testing.T) string {
	t.Helper()
	raw, err := os.ReadFile("../../docs/drivers/zvt.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// TestPageHasEveryCode compares the table of result codes in the documentation with the driver's own, row by row.
func TestPageHasEveryCode(t *testing.T) {
	_, table, found := strings.Cut(page(t), "\n| code | meaning | money | what to do | try again |\n|---|---|---|---|---|\n")
	if !found {
		t.Fatal("the page has no table of result codes")
	}
	table, _, _ = strings.Cut(table, "\n\n")
	var want []string
	for _, m := range codes() {
		again := "no"
		if m.again {
			again = "yes"
		}
		want = append(want, fmt.Sprintf("| %02X | %s | %s | %s | %s |", m.code, m.text, m.money, m.next, again))
	}
	if got := strings.Split(table, "\n"); !slices.Equal(got, want) {
		t.Errorf("the table of the page is not the driver's, which is\n%s", strings.Join(want, "\n"))
	}
}

// TestCodesAreInOrder, each once, and say everything.
func TestCodesAreInOrder(t *testing.T) {
	before := -1
	for _, m := range codes() {
		if int(m.code) <= before || m.text == "" || m.next == "" || m.money == "" {
			t.Errorf("%+v", m)
		}
		before = int(m.code)
	}
}

// TestPageHasEveryOption finds each option in a row of the page and in the package's comment.
func TestPageHasEveryOption(t *testing.T) {
	source, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	text, o := page(t), defaults()
	for _, name := range slices.Sorted(maps.Keys(o.readers())) {
		if !strings.Contains(text, "\n| `"+name+"` |") {
			t.Errorf("the page has no row for option %s", name)
		}
		if !strings.Contains(string(source), "\n//	"+name+" ") {
			t.Errorf("the package's comment has no line for option %s", name)
		}
	}
	if !strings.Contains(text, "| `config` | two hex digits | `"+fmt.Sprintf("%02x", o.config)+"` |") {
		t.Error("the page tells another default of config")
	}
}
