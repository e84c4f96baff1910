// Package database is what the platform keeps its ledger in: SQLite embedded, or PostgreSQL. Both are asked in the same words.
//
// SQL is written in what both understand: types TEXT, BIGINT and BYTEA (SQLite keeps a blob as it is under any name), truth as BIGINT 0 and 1, times as
// BIGINT milliseconds since 1970-01-01 UTC, "?" for parameters, ON CONFLICT and RETURNING. Where they differ (partitions), a [Step] says both.
//
// SQLite has one writer: [DB.Transact] runs one transaction after another there. With PostgreSQL transactions of several processes run beside each other,
// so whoever reads before it writes locks first ([Tx.Lock], or SELECT ... FOR UPDATE through [Tx.ForUpdate]).
package database
