package database

import (
	"context"
	"slices"
	"strings"
)

// Among reads the rows whose column is one of the keys. The text holds "IN (?)" once, in the place of the keys, and before it the parameters of args.
// PostgreSQL gets all keys in one array, SQLite gets them in a few statements of fixed lengths.
func (t *Tx) Among(ctx context.Context, text string, keys []string, row func(Scanner) error, args ...any) error {
	if t.db.postgres {
		return t.scan(ctx, strings.Replace(text, "IN (?)", "= ANY (?)", 1), row, append(args, keys)...)
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
