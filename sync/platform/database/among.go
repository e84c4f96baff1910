package database

import (
	"context"
	"slices"
	"strings"
)

// Among reads the rows whose column is one of the keys. The text holds "IN (?)" once, in the place of the keys, and before it the parameters of args.
// Keys are different from each other. PostgreSQL gets all of them in one array, SQLite gets them in a few statements of fixed lengths.
func (t *Tx) Among(ctx context.Context, text string, keys []string, row func(Scanner) error, args ...any) error {
	if t.db.postgres {
		return t.scan(ctx, eachKey(text), row, append([]any{keys}, args...)...)
	}
	for len(keys) > 0 {
		size := amongSize(len(keys))
		n := min(size, len(keys))
		asked := slices.Clone(args)
		for i := range size {
			asked = append(asked, keys[min(i, n-1)]) // filled up with the last one
		}
		if err := t.scan(ctx, strings.Replace(text, "IN (?)", "IN (?"+strings.Repeat(",?", size-1)+")", 1), row, asked...); err != nil {
			return err
		}
		keys = keys[n:]
	}
	return nil
}

// eachKey asks the index once for each key. With "= ANY" a table that has grown since PostgreSQL last counted it is read through by the other columns of
// the condition: all payments of a merchant for each batch, 80 ms at 8,000 of them.
func eachKey(text string) string {
	return "SELECT found.* FROM unnest(?::TEXT[]) AS asked (key) CROSS JOIN LATERAL (" + strings.Replace(text, "IN (?)", "= asked.key", 1) + " OFFSET 0) AS found"
}

// amongSize is one of a few lengths, so that few statements are prepared.
func amongSize(n int) int {
	switch {
	case n == 1:
		return 1
	case n <= 10:
		return 10
	}
	return 100
}

func (t *Tx) scan(ctx context.Context, text string, row func(Scanner) error, args ...any) error {
	rows, err := t.Query(ctx, text, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := row(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
