package database

import (
	"context"
	"database/sql"
	"errors"
	"iter"
	"strconv"
	"strings"
)

// ErrNoRows is what Scan of [DB.Row] and [Tx.Row] return when there is no row.
var ErrNoRows = sql.ErrNoRows

// Scanner reads the columns of a row.
type Scanner interface{ Scan(to ...any) error }

// Row reads one row outside of a transaction, beside those that write.
func (d *DB) Row(ctx context.Context, text string, args ...any) Scanner {
	if d.postgres {
		return d.pool.QueryRowContext(ctx, d.bind(text), args...)
	}
	stmt, err := d.read(ctx, text)
	if err != nil {
		return failed{err}
	}
	return stmt.QueryRowContext(ctx, args...)
}

// Query reads rows outside of a transaction, beside those that write. The caller closes them.
func (d *DB) Query(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	if d.postgres {
		return d.pool.QueryContext(ctx, d.bind(text), args...)
	}
	stmt, err := d.read(ctx, text)
	if err != nil {
		return nil, err
	}
	return stmt.QueryContext(ctx, args...)
}

// read is a statement that was prepared once for all connections that read.
func (d *DB) read(ctx context.Context, text string) (*sql.Stmt, error) {
	if stmt, ok := d.shared.Load(text); ok {
		return stmt.(*sql.Stmt), nil
	}
	stmt, err := d.pool.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	if first, raced := d.shared.LoadOrStore(text, stmt); raced {
		stmt.Close()
		return first.(*sql.Stmt), nil
	}
	return stmt, nil
}

// failed is a row that could not be asked for.
type failed struct{ err error }

// Scan implements [Scanner].
func (f failed) Scan(...any) error { return f.err }

// Querier is what reads rows: a [DB], or a [Tx].
type Querier interface {
	Query(ctx context.Context, text string, args ...any) (*sql.Rows, error)
}

// All reads every row of a query.
func All[T any](ctx context.Context, q Querier, scan func(Scanner) (T, error), text string, args ...any) (list []T, err error) {
	for v, err := range Each(ctx, q, scan, text, args...) {
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

// Each iterates over the rows of a query, which is asked when the iteration begins. An error ends it.
func Each[T any](ctx context.Context, q Querier, scan func(Scanner) (T, error), text string, args ...any) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		rows, err := q.Query(ctx, text, args...)
		if err != nil {
			yield(none, err)
			return
		}
		defer rows.Close()
		for rows.Next() {
			v, err := scan(rows)
			if !yield(v, err) || err != nil {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(none, err)
		}
	}
}

// One reads one row; false says that there is none.
func One[T any](row Scanner, scan func(Scanner) (T, error)) (v T, found bool, err error) {
	v, err = scan(row)
	if errors.Is(err, ErrNoRows) {
		return v, false, nil
	}
	return v, err == nil, err
}

// bind writes $1, $2, ... where the text has "?". No text of ours has one within quotes.
func (d *DB) bind(text string) string {
	if bound, ok := d.texts.Load(text); ok {
		return bound.(string)
	}
	var b strings.Builder
	n := 0
	for _, part := range strings.SplitAfter(text, "?") {
		rest, marked := strings.CutSuffix(part, "?")
		b.WriteString(rest)
		if marked {
			n++
			b.WriteString("$" + strconv.Itoa(n))
		}
	}
	d.texts.Store(text, b.String())
	return b.String()
}
