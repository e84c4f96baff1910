package office

import (
	"bufio"
	"context"
	"errors"
	"io"
	"iter"
	"net/http"
	"strings"
	"time"

	"github.com/tillproof/tillproof/sync/platform/access"
	"github.com/tillproof/tillproof/sync/platform/database"
)

// Format is how an export is written.
type Format string

// The formats of an export.
const (
	CSV   Format = "csv"   // RFC 4180 with a header
	JSONL Format = "jsonl" // one JSON object a line
)

func (f *Office) exportRoutes() {
	routes := []struct {
		name, summary string
		need          access.Role
		names         []string
	}{
		{"payments", "All payments of a search", access.Viewer, searchNames()},
		{"records", "The records of a till, or of all", access.Viewer, []string{"till"}},
		{"audit", "The whole audit log", access.Admin, nil},
	}
	for _, r := range routes {
		f.add(http.MethodGet, "/v1/export/"+r.name, r.need, r.summary+", as CSV or JSON lines (`format`, or `Accept: text/csv`)",
			func(w http.ResponseWriter, req *http.Request, _ access.Person) { f.export(w, req, r.name) }, withQuery(append(r.names, "format")...))
	}
}

// formatOf takes ?format=, else what Accept asks for, else JSON lines.
func formatOf(r *http.Request) (Format, error) {
	switch format := Format(r.FormValue("format")); {
	case format == CSV || format == JSONL:
		return format, nil
	case format != "":
		return "", badQuery("format is not csv or jsonl.")
	case strings.Contains(r.Header.Get("Accept"), "text/csv"):
		return CSV, nil
	}
	return JSONL, nil
}

// export streams: what it has written is gone from memory. A failure in the middle cuts the connection, so that nobody takes a part for the whole.
func (f *Office) export(w http.ResponseWriter, r *http.Request, what string) {
	format, err := formatOf(r)
	var s search
	if err == nil {
		s, err = f.searchOf(r)
	}
	if err != nil {
		f.refuse(w, err)
		return
	}
	kind := "application/jsonl"
	if format == CSV {
		kind = "text/csv; charset=utf-8; header=present"
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Disposition", `attachment; filename="`+what+"."+string(format)+`"`)
	if err := f.write(r.Context(), patient{w, http.NewResponseController(w)}, what, format, s); err != nil {
		f.Log.Warn("an export was cut", "of", what, "error", err)
		panic(http.ErrAbortHandler)
	}
}

// patient gives each piece of an export its own time to go out.
type patient struct {
	io.Writer
	control *http.ResponseController
}

// pieceTime is how long a reader may take for one piece.
const pieceTime = 30 * time.Second

// Write implements io.Writer.
func (p patient) Write(b []byte) (int, error) {
	if err := p.control.SetWriteDeadline(time.Now().Add(pieceTime)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return 0, err
	}
	return p.Writer.Write(b)
}

// Export writes payments, records or audit in a format, without HTTP. till is "" for all.
func (f *Office) Export(ctx context.Context, w io.Writer, what string, format Format, till string) error {
	return f.write(ctx, w, what, format, search{till: till})
}

func (f *Office) write(ctx context.Context, w io.Writer, what string, format Format, s search) error {
	out := bufio.NewWriterSize(w, 64<<10)
	var err error
	switch what {
	case "payments":
		err = writeAll(out, format, paymentColumns(), f.found(ctx, s))
	case "records":
		err = writeAll(out, format, toldColumns(), f.everyRecord(ctx, s.till))
	case "audit":
		err = writeAll(out, format, auditColumns(), f.Registry.Audit(ctx, 0, 0))
	default:
		err = invalid("there is no export of " + what + "; there are payments, records and audit.")
	}
	return errors.Join(err, out.Flush())
}

// found iterates over the payments of a search, oldest first.
func (f *Office) found(ctx context.Context, s search) iter.Seq2[line, error] {
	where, args := s.where()
	return database.Each(ctx, f.DB, scanLine, lineColumns+where+" ORDER BY payment", args...)
}

// pieceRows is the number of records that are read at a time: no transaction stays open while a slow reader takes them.
const pieceRows = 500

// span is the id of an epoch's records and its last number.
type span struct{ id, seq int64 }

// everyRecord iterates over the records of a till, or of all, in the order of till, epoch and number, and then over those of branches that lost.
func (f *Office) everyRecord(ctx context.Context, till string) iter.Seq2[told, error] {
	return func(yield func(told, error) bool) {
		spans, err := database.All(ctx, f.DB, func(s database.Scanner) (v span, err error) { return v, s.Scan(&v.id, &v.seq) },
			"SELECT id, seq FROM marks WHERE till = ? OR ? = '' ORDER BY till, epoch", till, till)
		if err != nil {
			yield(told{}, err)
			return
		}
		for _, v := range spans {
			for at := int64(0); at < v.seq; at += pieceRows {
				rows, err := database.All(ctx, f.DB, scanStored, recordColumns+"WHERE m.id = ? AND r.id > ? AND r.id <= ? ORDER BY r.id", v.id,
					v.id<<40+at, v.id<<40+min(at+pieceRows, v.seq))
				if !f.yieldAll(rows, err, yield) {
					return
				}
			}
		}
		rows, err := database.All(ctx, f.DB, scanStored, forkColumns+"WHERE till = ? OR ? = '' ORDER BY till, epoch, seq, hash", till, till)
		f.yieldAll(rows, err, yield)
	}
}

func (f *Office) yieldAll(rows []stored, err error, yield func(told, error) bool) bool {
	if err != nil {
		yield(told{}, err)
		return false
	}
	for i := range rows {
		if !yield(f.tell(&rows[i]), nil) {
			return false
		}
	}
	return true
}
