package database

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// Table names the columns that rows are written to.
type Table struct {
	Name    string
	Columns []Column
	Key     []string // the columns that tell rows apart, for [Tx.Upsert]
}

// Column is a column of a [Table].
type Column struct{ Name, Type string } // Type is TEXT, BIGINT or BYTEA

// bulkRows is the number of rows of one large statement.
const bulkRows = 50

// Insert writes new rows, whose values stand one after another in the order of the columns. PostgreSQL gets them by COPY.
func (t *Tx) Insert(ctx context.Context, table *Table, values []any) error {
	if len(values) == 0 {
		return nil
	}
	if t.db.postgres {
		return t.copy(ctx, table, values)
	}
	return t.rows(ctx, table, "", values)
}

// Upsert writes rows, each in the place of the one with the same key. No two of the rows may have the same key.
func (t *Tx) Upsert(ctx context.Context, table *Table, values []any) error {
	if len(values) == 0 {
		return nil
	}
	if t.db.postgres {
		_, err := t.conn.ExecContext(ctx, table.unnest(), table.arrays(values)...)
		return err
	}
	return t.rows(ctx, table, table.replace(), values)
}

// copy brings rows in by COPY ... FROM STDIN in the binary format.
func (t *Tx) copy(ctx context.Context, table *Table, values []any) error {
	names, width := table.names(), len(table.Columns)
	source := pgx.CopyFromSlice(len(values)/width, func(i int) ([]any, error) { return values[i*width : (i+1)*width], nil })
	return t.conn.Raw(func(conn any) error {
		_, err := conn.(*stdlib.Conn).Conn().CopyFrom(ctx, pgx.Identifier{table.Name}, names, source)
		return err
	})
}

// rows writes many rows with few statements: the cost of a statement is about that of a row.
func (t *Tx) rows(ctx context.Context, table *Table, tail string, values []any) error {
	for len(values) > 0 {
		rows := 1
		if len(values) >= bulkRows*len(table.Columns) {
			rows = bulkRows
		}
		n := rows * len(table.Columns)
		if _, err := t.Exec(ctx, table.insert(rows)+tail, values[:n]...); err != nil {
			return err
		}
		values = values[n:]
	}
	return nil
}

func (table *Table) names() []string {
	names := make([]string, len(table.Columns))
	for i, c := range table.Columns {
		names[i] = c.Name
	}
	return names
}

// insert is the statement that writes so many rows.
func (table *Table) insert(rows int) string {
	row := "(?" + strings.Repeat(",?", len(table.Columns)-1) + ")"
	return fmt.Sprintf("INSERT INTO %s (%s) VALUES %s%s", table.Name, strings.Join(table.names(), ", "), row, strings.Repeat(","+row, rows-1))
}

// unnest is the statement that writes as many rows as its arrays have elements, in PostgreSQL's words.
func (table *Table) unnest() string {
	var arrays []string
	for i, c := range table.Columns {
		arrays = append(arrays, fmt.Sprintf("$%d::%s[]", i+1, c.Type))
	}
	return fmt.Sprintf("INSERT INTO %s (%s) SELECT * FROM unnest(%s)%s", table.Name, strings.Join(table.names(), ", "), strings.Join(arrays, ", "), table.replace())
}

// arrays are the values by columns.
func (table *Table) arrays(values []any) []any {
	width := len(table.Columns)
	arrays := make([]any, width)
	for i := range arrays {
		column := make([]any, 0, len(values)/width)
		for n := i; n < len(values); n += width {
			column = append(column, values[n])
		}
		arrays[i] = column
	}
	return arrays
}

// replace is the end of a statement that writes over rows with the same key.
func (table *Table) replace() string {
	var sets []string
	for _, name := range table.names() {
		sets = append(sets, name+" = excluded."+name)
	}
	return fmt.Sprintf(" ON CONFLICT (%s) DO UPDATE SET %s", strings.Join(table.Key, ", "), strings.Join(sets, ", "))
}
