package settle_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/platform/database"
	"github.com/tillproof/tillproof/sync/platform/database/databasetest"
	"github.com/tillproof/tillproof/sync/platform/settle"
	"github.com/tillproof/tillproof/sync/reconcile"
)

// desk is a database that statements are imported into.
type desk struct {
	t  *testing.T
	db *database.DB
	*settle.Statements
}

func newDesk(t *testing.T, address string) *desk {
	t.Helper()
	db, err := database.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	s, err := settle.Open(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	return &desk{t, db, s}
}

// example reads a file of testdata with its mapping.
func example(t testing.TB, name string) (file, mapping []byte) {
	t.Helper()
	file, err := os.ReadFile(filepath.Join("testdata", name+".csv"))
	if err == nil {
		mapping, err = os.ReadFile(filepath.Join("testdata", name+".yaml"))
	}
	if err != nil {
		t.Fatal(err)
	}
	return file, mapping
}

func (d *desk) take(file, mapping []byte, change ...func(*settle.Import)) *settle.Statement {
	d.t.Helper()
	sum, err := d.try(d.t.Context(), file, mapping, change...)
	if err != nil {
		d.t.Fatal(err)
	}
	return sum
}

func (d *desk) try(ctx context.Context, file, mapping []byte, change ...func(*settle.Import)) (*settle.Statement, error) {
	d.t.Helper()
	m, err := settle.ReadMapping(mapping, "")
	if err != nil {
		d.t.Fatal(err)
	}
	what := settle.Import{Name: "statement.csv", File: bytes.NewReader(file), Mapping: m, Text: mapping, By: "somebody"}
	for _, c := range change {
		c(&what)
	}
	return d.Import(ctx, what)
}

func (d *desk) rows() (list []reconcile.Row) {
	d.t.Helper()
	for r, err := range d.Rows(d.t.Context(), "", "") {
		if err != nil {
			d.t.Fatal(err)
		}
		list = append(list, r)
	}
	return list
}

func TestAWalletsStatementIsRead(t *testing.T) {
	d := newDesk(t, databasetest.SQLite(t))
	file, mapping := example(t, "wallet")
	sum := d.take(file, mapping)
	if sum.Rows != 3 || sum.Added != 3 || sum.Bad != 0 || sum.Ignored != 3 || sum.From != "2026-03-01" || sum.State != "done" {
		t.Fatalf("%+v", sum)
	}
	rows := d.rows()
	refund := rows[2]
	if refund.Kind != reconcile.RowRefund || refund.Money != (pos.Money{Amount: 500, Currency: "CNY"}) || refund.Original != rows[1].Transaction ||
		*refund.Fee != -3 || refund.At != 1772359331000 || refund.MerchantID != "1900000109" || refund.Tender != pos.Code {
		t.Errorf("%+v", refund)
	}
	var kept bytes.Buffer
	if err := d.File(t.Context(), sum.ID, &kept); err != nil || !bytes.Equal(kept.Bytes(), file) {
		t.Errorf("the file's bytes: %v", err)
	}
}

func TestACardAcquirersStatementIsReadAndBadLinesAreNamed(t *testing.T) {
	d := newDesk(t, databasetest.SQLite(t))
	file, mapping := example(t, "card")
	sum := d.take(file, mapping)
	want := []settle.Problem{{7, ""}, {8, ""}, {9, ""}}
	if sum.Rows != 4 || sum.Bad != 3 || sum.Ignored != 1 || len(sum.Problems) != len(want) || sum.Err() == nil {
		t.Fatalf("%+v", sum)
	}
	for i := range want {
		if sum.Problems[i].Line != want[i].Line || sum.Problems[i].Reason == "" {
			t.Errorf("%+v", sum.Problems[i])
		}
	}
	rows := d.rows()
	if rows[0].Money.Amount != 123450 || rows[0].Brand != "girocard" || rows[1].Brand != "visa" || rows[2].Kind != reconcile.RowRefund || rows[2].Money.Amount != 3450 ||
		rows[3].Kind != reconcile.RowPayout || rows[3].Day != "2026-03-03" || rows[3].Fee != nil {
		t.Errorf("%+v", rows)
	}
}

func TestTheSameFileAndOverlappingFilesChangeNothing(t *testing.T) {
	overlap(t, databasetest.SQLite(t))
}

func overlap(t *testing.T, address string) {
	t.Helper()
	d := newDesk(t, address)
	file, mapping := example(t, "wallet")
	d.take(file, mapping)
	before := d.rows()
	if again := d.take(file, mapping); !again.Again || again.Added != 3 {
		t.Errorf("the same file: %+v", again)
	}
	overlapping := append(slices.Clone(bytes.SplitAfterN(file, []byte("\n"), 4)[0]), bytes.SplitAfterN(file, []byte("\n"), 3)[2]...)
	if sum := d.take(overlapping, mapping); sum.Again || sum.Added != 0 || sum.Rows != 2 {
		t.Errorf("a file that overlaps: %+v", sum)
	}
	if after := d.rows(); len(after) != len(before) || after[0].Count != 1 {
		t.Errorf("%+v", after)
	}
	lines := bytes.SplitAfter(file, []byte("\n"))
	twice := bytes.Join([][]byte{lines[0], lines[1], lines[2], lines[1]}, nil)
	d.take(twice, mapping)
	if rows := d.rows(); len(rows) != len(before) || rows[0].Count != 2 || rows[1].Count != 1 {
		t.Errorf("a line that stands twice in one file: %+v", rows)
	}
}

func TestAWrongMappingIsTakenBack(t *testing.T) {
	d := newDesk(t, databasetest.SQLite(t))
	file, mapping := example(t, "wallet")
	wrong := bytes.Replace(mapping, []byte("tender: code"), []byte("tender: qr"), 1)
	d.take(file, wrong)
	var e *pos.Error
	if _, err := d.try(t.Context(), file, mapping); !errors.As(err, &e) || e.Code != "statement_mapped" {
		t.Fatal(err)
	}
	d.take(file, mapping, func(i *settle.Import) { i.Replace = true })
	if rows := d.rows(); len(rows) != 3 || rows[0].Tender != pos.Code {
		t.Errorf("%+v", rows)
	}
}

// many is a statement of so many lines.
func many(n int) []byte {
	var b bytes.Buffer
	b.WriteString("transaction,amount,date\n")
	for i := range n {
		fmt.Fprintf(&b, "t%d,%d,2026-03-%02d\n", i, i+1, i%28+1)
	}
	return b.Bytes()
}

const plain = "acquirer: bank\nheader: 1\ndecimal: minor\ndate: YYYY-MM-DD\ncolumns: {transaction: transaction, amount: amount, date: date}\nconstants: {currency: EUR}\n"

func TestAnImportThatWasCutShortIsCompletedByTheNext(t *testing.T) {
	d := newDesk(t, databasetest.SQLite(t))
	file := many(2000)
	ctx, cut := context.WithCancel(t.Context())
	_, err := d.try(ctx, file, []byte(plain), func(i *settle.Import) { i.Progress = func(lines, _, _ int64) { cut() } })
	if err == nil || len(d.rows()) == 0 {
		t.Fatalf("not cut: %v", err)
	}
	sum := d.take(file, []byte(plain))
	if rows := d.rows(); sum.Again || sum.Rows != 2000 || len(rows) != 2000 || slices.ContainsFunc(rows, func(r reconcile.Row) bool { return r.Count != 1 }) {
		t.Errorf("%+v, %d rows", sum, len(rows))
	}
}

// endless makes a statement while it is read, so that only the import's own memory is measured.
type endless struct {
	lines, at int
	rest      []byte
}

func (e *endless) Read(b []byte) (int, error) {
	if len(e.rest) == 0 {
		switch {
		case e.at > e.lines:
			return 0, io.EOF
		case e.at == 0:
			e.rest = []byte("transaction,amount,date\n")
		default:
			e.rest = fmt.Appendf(nil, "t%d,%d,2026-03-%02d\n", e.at, e.at, e.at%28+1)
		}
		e.at++
	}
	n := copy(b, e.rest)
	e.rest = e.rest[n:]
	return n, nil
}

func (e *endless) Seek(offset int64, whence int) (int64, error) {
	if offset == 0 && whence == io.SeekStart {
		e.at, e.rest = 0, nil
	}
	return 0, nil
}

// TestALongStatementTakesBoundedMemory reads STATEMENT_LINES lines, 20,000 by default.
func TestALongStatementTakesBoundedMemory(t *testing.T) {
	lines := 20_000
	if n, err := strconv.Atoi(os.Getenv("STATEMENT_LINES")); err == nil {
		lines = n
	}
	d := newDesk(t, databasetest.SQLite(t))
	var most, told uint64
	sum := d.take(nil, []byte(plain), func(i *settle.Import) {
		i.File = &endless{lines: lines}
		i.Progress = func(n, _, _ int64) {
			if told++; told%20 == 0 {
				var m runtime.MemStats
				runtime.GC()
				runtime.ReadMemStats(&m)
				most = max(most, m.HeapAlloc)
			}
		}
	})
	if sum.Rows != lines || sum.Added != lines || most > 32<<20 {
		t.Errorf("%d rows, %d new, %d MiB", sum.Rows, sum.Added, most>>20)
	}
	t.Logf("%d lines, at most %d KiB of heap", lines, most>>10)
}

func TestStatementsAreReadAsTheyAreWritten(t *testing.T) {
	gb, err := simplifiedchinese.GB18030.NewEncoder().Bytes([]byte("金额\n12.30\n"))
	if err != nil {
		t.Fatal(err)
	}
	base := "acquirer: bank\nconstants: {currency: EUR, date: 2026-03-01, transaction: t1}\n"
	for name, c := range map[string]struct {
		file, mapping string
		amount        pos.Minor
		kind          reconcile.RowKind
		bad           bool
	}{
		"a byte order mark":                  {"\ufeffa\n1.5\n", "header: 1\ncolumns: {amount: a}\n", 150, "payment", false},
		"GB18030":                            {string(gb), "encoding: gb18030\nheader: 1\ncolumns: {amount: 金额}\n", 1230, "payment", false},
		"without a header, tabs":             {"x\t7\n", "delimiter: tab\ncolumns: {amount: \"2\"}\n", 700, "payment", false},
		"another quote":                      {"'1,50'\n", "quote: \"'\"\ndecimal: \",\"\ncolumns: {amount: \"1\"}\n", 150, "payment", false},
		"quotes within quotes":               {"\"a \"\"b\"\", c\",3\n", "columns: {amount: \"2\"}\n", 300, "payment", false},
		"zeros beyond the currency's digits": {"1.2300\n", "columns: {amount: \"1\"}\n", 123, "payment", false},
		"digits beyond the currency's":       {"1.234\n", "columns: {amount: \"1\"}\n", 0, "", true},
		"no digits":                          {".5\n", "columns: {amount: \"1\"}\n", 0, "", true},
		"below 0, without a sign agreed":     {"-2\n", "columns: {amount: \"1\"}\n", 0, "", true},
		"below 0 is a refund":                {"-2\n", "sign: negative_refund\ncolumns: {amount: \"1\"}\n", 200, "refund", false},
		"too much":                           {"99999999999999999999\n", "columns: {amount: \"1\"}\n", 0, "", true},
		"a quote that does not end":          {"\"1\n", "columns: {amount: \"1\"}\n", 0, "", true},
		"a line without end":                 {strings.Repeat("1", 70_000) + "\n", "columns: {amount: \"1\"}\n", 0, "", true},
		"nothing":                            {"0\n", "columns: {amount: \"1\"}\n", 0, "", true},
		"a kind that nobody knows":           {"1,x\n", "columns: {amount: \"1\", kind: \"2\"}\n", 0, "", true},
		"a last line without its end":        {"1", "columns: {amount: \"1\"}\n", 100, "payment", false},
	} {
		m, err := settle.ReadMapping([]byte(base+"date: YYYY-MM-DD\n"+c.mapping), "")
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		r, err := settle.NewReader(strings.NewReader(c.file), m)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		line, err := r.Next()
		if err != nil || (line.Bad != "") != c.bad || !c.bad && (line.Row == nil || line.Row.Money.Amount != c.amount || line.Row.Kind != c.kind) {
			t.Errorf("%s: %+v %+v, %v", name, line, line.Row, err)
		}
		if _, err := r.Next(); !errors.Is(err, io.EOF) {
			t.Errorf("%s: the end is %v", name, err)
		}
	}
}

func TestAMappingThatCannotBeUsedIsRefused(t *testing.T) {
	for _, text := range []string{"", "acquirer: x\n", plain + "nonsense: 1\n", strings.Replace(plain, "amount: amount", "amout: amount", 1),
		plain + "timezone: Nowhere\n", plain + "sign: maybe\n", strings.Replace(plain, "YYYY-MM-DD", "yesterday", 1), plain + "kinds: {gift: {amount: a}}\n",
		strings.Replace(plain, "transaction: transaction, ", "", 1), plain + "values: {brand: {a: b}}\n"} {
		var e *pos.Error
		if _, err := settle.ReadMapping([]byte(text), ""); !errors.As(err, &e) || e.Code != "mapping_invalid" {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func FuzzReader(f *testing.F) {
	for _, name := range []string{"wallet", "card"} {
		file, mapping := example(f, name)
		f.Add(file, mapping)
	}
	f.Add(many(3), []byte(plain))
	f.Fuzz(func(t *testing.T, file, mapping []byte) {
		m, err := settle.ReadMapping(mapping, "")
		if err != nil {
			return
		}
		r, err := settle.NewReader(bytes.NewReader(file), m)
		if err != nil {
			return
		}
		for last := 0; ; {
			line, err := r.Next()
			if err != nil {
				return
			}
			if line.N <= last || line.Row != nil && (line.Bad != "" || line.Row.Money.Amount <= 0 || line.Row.Day == "") {
				t.Fatalf("%+v %+v", line, line.Row)
			}
			last = line.N
		}
	})
}
