package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestEveryComplaintHasItsTests reads docs/complaints.md: fifteen complaints in their order, each with tests that are in the package that it names, or
// with a note that says "none yet".
func TestEveryComplaintHasItsTests(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("docs", "complaints.md"))
	if err != nil {
		t.Fatal(err)
	}
	next := 1
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(line, "|")
		if len(cells) != 5 || !strings.HasPrefix(cells[1], " "+strconv.Itoa(next)+". ") {
			continue
		}
		tests := testsOf(t, cells[2])
		if len(tests) == 0 && !strings.Contains(cells[2], "none yet") {
			t.Errorf("complaint %d names no test", next)
		}
		for _, name := range tests {
			if numbered := regexp.MustCompile(`^TestComplaint(\d\d)`).FindStringSubmatch(name); numbered != nil && numbered[1] != twoDigits(next) {
				t.Errorf("%s stands at complaint %d", name, next)
			}
		}
		next++
	}
	if next != 16 {
		t.Errorf("%d complaints are listed, not 15", next-1)
	}
}

func twoDigits(n int) string { return strconv.Itoa(n/10) + strconv.Itoa(n%10) }

// testsOf reads "`package` TestA, TestB; `package` TestC" and looks each test up in the source of its package.
func testsOf(t *testing.T, cell string) (names []string) {
	t.Helper()
	for part := range strings.SplitSeq(cell, ";") {
		_, rest, quoted := strings.Cut(part, "`")
		folder, list, ends := strings.Cut(rest, "`")
		if !quoted || !ends {
			continue
		}
		source := testSource(t, folder)
		for _, name := range strings.FieldsFunc(list, func(r rune) bool { return r == ' ' || r == ',' }) {
			if names = append(names, name); !strings.Contains(source, "\nfunc "+name+"(t *testing.T)") {
				t.Errorf("there is no %s in %s", name, folder)
			}
		}
	}
	return names
}

func testSource(t *testing.T, folder string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(filepath.FromSlash(folder), "*_test.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no tests in %s: %v", folder, err)
	}
	var source strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		source.Write(text)
	}
	return source.String()
}
