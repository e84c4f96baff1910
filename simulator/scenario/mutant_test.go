package scenario_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// edit replaces a text that must stand in a file exactly once, so that a mutant that no longer fits the code is an error and not a green test.
type edit struct{ file, old, new string }

// mutants break one law each, in a way that a tired programmer might. Nothing of them is in the product: they are built from an overlay.
var mutants = []struct {
	name  string
	sees  string // what the day must say
	edits []edit
}{
	{"law 1, the intent is written after the terminal was asked", "law 1", []edit{{"agent/engine/pay.go",
		`	if _, err := e.journal.Append(r.withOverride(intent)...); err != nil {
		s.release()
		return err
	}
	j := `,
		`	defer func() {
		time.Sleep(10 * time.Millisecond)
		_, _ = e.journal.Append(intent)
	}()
	j := `}}},
	{"law 1, a customer's code leaves before its record is durable", "does not say that a code was presented", []edit{{"agent/engine/online.go",
		`	records, err := e.journal.Append(bodies...)
`, `	if raw != nil { // the intent is durable, and the platform has the call long before the code's record is, on a busy machine too
		_ = e.handOver(ask{payment: intent.Payment, op: wire.OpAuthorise, intent: raw, scheme: shown.Scheme, code: text, deadline: remaining(intent)})
		time.Sleep(3 * time.Second)
	}
	records, err := e.journal.Append(bodies...)
`}}},
	{"law 2, the result is acknowledged before it is durable", "law 2", []edit{{"drivers/zvt/run.go",
		`	if coded && !r.store(said, result) {`,
		`	_, _ = r.t.link.send(context.Background(), accepted())
	time.Sleep(30 * time.Millisecond)
	if coded && !r.store(said, result) {`}}},
	{"law 3, the acquirer is asked again when its answer was lost", "law 3", []edit{{"sync/wallet/act.go",
		`		got.answer, got.err = l.acquirer.Authorise(ctx, t.order(), code)
`, `		got.answer, got.err = l.acquirer.Authorise(ctx, t.order(), code)
		if got.err != nil {
			got.answer, got.err = l.acquirer.Authorise(ctx, t.order(), code)
		}
`}}},
	{"law 3, what a dead platform may have asked is taken for not sent", "law 3: order", []edit{{"sync/wallet/prepare.go",
		`	case t.Kind == Code:
		return t, query, nil, false
`, `	case t.Kind == Code:
		t.to(Done, 0)
		t, ended := t.result(pos.Cancelled, reason{"not_sent", "It was not sent."}, now)
		return t, nothing, []Result{ended}, true
`}}},
	{"law 6, the mark is committed before the records", "law 6", []edit{
		{"sync/platform/ingest.go", `func (s *sitting) write() error {
	if err := s.flush(); err != nil {
		return err
	}
`, `func (s *sitting) write() error {
`},
		{"sync/platform/ingest.go", `	if err := s.book.write(s); err != nil {
`, `	for _, text := range []string{"COMMIT", "BEGIN IMMEDIATE"} {
		if _, err := s.tx.Exec(s.ctx, text); err != nil {
			return err
		}
		time.Sleep(100 * time.Millisecond)
	}
	if err := s.flush(); err != nil {
		return err
	}
	if err := s.book.write(s); err != nil {
`},
		{"sync/platform/ingest.go", "\t\"fmt\"\n", "\t\"fmt\"\n\t\"time\"\n"}}},
}

func TestTheDayCanFail(t *testing.T) {
	for _, m := range mutants {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel() // a day waits more than it works
			mutant := filepath.Join(t.TempDir(), "mutant")
			if out, err := build(mutant, "-overlay", overlay(t, m.edits)); err != nil {
				t.Fatalf("the mutant cannot be built: %v\n%s", err, out)
			}
			r, code := playDay(t, mutant, t.TempDir(), *seed)
			if code != 1 || r.OK {
				t.Fatalf("exit %d: the day did not see that the law is broken: %+v", code, r)
			}
			if !strings.Contains(strings.Join(r.Violations, "\n"), m.sees) {
				t.Errorf("the day failed for another reason than %s: %q", m.sees, r.Violations)
			}
			t.Logf("seen: %q", r.Violations)
		})
	}
}

// overlay writes the edited files and the table that tells the toolchain to use them.
func overlay(t *testing.T, edits []edit) (path string) {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	dir, edited := t.TempDir(), map[string]string{}
	for _, e := range edits {
		original := filepath.Join(root, e.file)
		text, known := edited[original]
		if !known {
			raw, err := os.ReadFile(original)
			if err != nil {
				t.Fatal(err)
			}
			text = string(raw)
		}
		if n := strings.Count(text, e.old); n != 1 {
			t.Fatalf("%s: the text to edit stands there %d times: %s", e.file, n, e.old)
		}
		edited[original] = strings.Replace(text, e.old, e.new, 1)
	}
	replace := map[string]string{}
	for original, text := range edited {
		to := filepath.Join(dir, strings.ReplaceAll(strings.TrimPrefix(original, root), string(filepath.Separator), "_"))
		if err := os.WriteFile(to, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		replace[original] = to
	}
	raw, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
