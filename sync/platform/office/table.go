package office

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"iter"
	"strconv"
	"strings"

	"github.com/tillproof/tillproof/sync/platform/registry"
)

// column is a column of a CSV file.
type column[T any] struct {
	name  string
	value func(*T) string
}

// writeAll writes every row that comes, in either format.
func writeAll[T any](w io.Writer, format Format, columns []column[T], rows iter.Seq2[T, error]) error {
	if format == JSONL {
		out := json.NewEncoder(w)
		for row, err := range rows {
			if err != nil {
				return err
			}
			if err := out.Encode(&row); err != nil {
				return err
			}
		}
		return nil
	}
	out := csv.NewWriter(w)
	out.UseCRLF = true // RFC 4180 §2
	cells := make([]string, len(columns))
	for i, c := range columns {
		cells[i] = c.name
	}
	if err := out.Write(cells); err != nil {
		return err
	}
	for row, err := range rows {
		if err != nil {
			return err
		}
		for i, c := range columns {
			cells[i] = defuse(c.value(&row))
		}
		if err := out.Write(cells); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// defuse keeps spreadsheets from taking what somebody has written for a formula: such a cell begins with an apostrophe. A number below 0 stays one.
func defuse(cell string) string {
	if cell == "" || !strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
		return cell
	}
	if _, err := strconv.ParseInt(cell, 10, 64); err == nil && cell[0] == '-' {
		return cell
	}
	return "'" + cell
}

func paymentColumns() []column[line] {
	number := func(n int64) string { return strconv.FormatInt(n, 10) }
	return []column[line]{
		{"id", func(l *line) string { return l.ID }}, {"merchant", func(l *line) string { return string(l.Merchant) }},
		{"till", func(l *line) string { return string(l.Till) }}, {"order", func(l *line) string { return l.Order }},
		{"attempt", func(l *line) string { return strconv.Itoa(l.Attempt) }}, {"tender", func(l *line) string { return string(l.Tender) }},
		{"scheme", func(l *line) string { return l.Scheme }}, {"status", func(l *line) string { return string(l.Status) }},
		{"amount", func(l *line) string { return number(l.Amount) }}, {"currency", func(l *line) string { return l.Currency }},
		{"refunded_amount", func(l *line) string { return number(l.Refunded) }}, {"unwanted", func(l *line) string { return strconv.FormatBool(l.Unwanted) }},
		{"fork", func(l *line) string { return strconv.FormatBool(l.Fork) }}, {"created_at", func(l *line) string { return l.CreatedAt }},
		{"updated_at", func(l *line) string { return l.UpdatedAt }},
	}
}

func toldColumns() []column[told] {
	return []column[told]{
		{"till", func(t *told) string { return string(t.Till) }}, {"epoch", func(t *told) string { return t.Epoch.String() }},
		{"seq", func(t *told) string { return strconv.FormatUint(uint64(t.Seq), 10) }}, {"kind", func(t *told) string { return t.Kind }},
		{"at", func(t *told) string { return t.At }}, {"received_at", func(t *told) string { return t.ReceivedAt }},
		{"hash", func(t *told) string { return t.Hash }}, {"signed", func(t *told) string { return strconv.FormatBool(t.Signed) }},
		{"fork", func(t *told) string { return strconv.FormatBool(t.Fork) }}, {"held", func(t *told) string { return t.Held }},
		{"body", func(t *told) string {
			if t.Body == nil {
				return t.Raw
			}
			text, err := json.Marshal(t.Body)
			if err != nil {
				return ""
			}
			return string(text)
		}},
	}
}

func auditColumns() []column[registry.Entry] {
	return []column[registry.Entry]{
		{"n", func(e *registry.Entry) string { return strconv.FormatInt(e.N, 10) }}, {"at", func(e *registry.Entry) string { return e.At }},
		{"actor", func(e *registry.Entry) string { return e.Actor }}, {"action", func(e *registry.Entry) string { return e.Action }},
		{"target", func(e *registry.Entry) string { return e.Target }}, {"status", func(e *registry.Entry) string { return strconv.Itoa(e.Status) }},
		{"before", func(e *registry.Entry) string { return string(e.Before) }}, {"after", func(e *registry.Entry) string { return string(e.After) }},
		{"prev", func(e *registry.Entry) string { return e.Prev }},
	}
}
