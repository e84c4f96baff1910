//go:build linux

package faults

import (
	"context"
	"fmt"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/tillproof/tillproof/sync/platform/database"
	"github.com/tillproof/tillproof/sync/platform/database/databasetest"
)

// ground is what the cases share: one PostgreSQL server, and the data of a till with a backlog.
type ground struct {
	t         *testing.T
	server    func() *databasetest.Server
	backlog   func() string
	databases atomic.Int32
}

func newGround(t *testing.T) *ground {
	g := &ground{t: t}
	g.server = sync.OnceValue(func() *databasetest.Server { return databasetest.Start(t) })
	g.backlog = sync.OnceValue(func() string {
		dir := filepath.Join(t.TempDir(), "till")
		fill(t, dir, "till-1", 1, backlogSales)
		return dir
	})
	return g
}

// newDatabase makes an empty database in the shared server. The test is skipped by name when PostgreSQL is not installed.
func (g *ground) newDatabase(t *testing.T) string {
	t.Helper()
	needPostgres(t)
	return g.createDatabase(t, "template0")
}

// copyDatabase copies a database of the shared server that nobody uses now.
func (g *ground) copyDatabase(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return g.createDatabase(t, strings.TrimPrefix(u.Path, "/"))
}

func (g *ground) createDatabase(t *testing.T, template string) string {
	t.Helper()
	u, err := url.Parse(g.server().Address())
	if err != nil {
		t.Fatal(err)
	}
	db, err := database.Open(t.Context(), u.String())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	name := fmt.Sprintf("case%d", g.databases.Add(1))
	rows, err := db.Query(context.Background(), "CREATE DATABASE "+name+" TEMPLATE "+template)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	rows.Next() // the statement runs now
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}

// needPostgres skips a test by name where there is no PostgreSQL.
func needPostgres(t *testing.T) {
	t.Helper()
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if _, err := exec.LookPath("postgres"); err != nil && len(found) == 0 {
		t.Skip("PostgreSQL is not installed")
	}
}
