// Package databasetest gives tests databases to work on: an SQLite file, and a PostgreSQL server of their own.
package databasetest

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tillproof/tillproof/sync/platform/database"
)

// SQLite is the path of a new file.
func SQLite(t testing.TB) string { return filepath.Join(t.TempDir(), "ledger.db") }

// Each runs a test with the address of a new database of either kind. Without PostgreSQL on the machine that half is skipped by name.
func Each(t *testing.T, run func(t *testing.T, address string)) {
	t.Run("sqlite", func(t *testing.T) { run(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { run(t, Postgres(t)) })
}

// Server is a PostgreSQL server of a test's own on a free loopback port.
type Server struct {
	t       testing.TB
	folder  string
	bin     string
	port    int
	process *exec.Cmd
}

// Postgres starts a server and returns the address of an empty database in it. The test is skipped by name when PostgreSQL is not installed.
func Postgres(t testing.TB) string {
	t.Helper()
	return Start(t).Address()
}

// Start starts a server. It ends with the test.
func Start(t testing.TB) *Server {
	t.Helper()
	s := &Server{t: t, bin: binaries(t)}
	folder, err := os.MkdirTemp("", "postgres") // not t.TempDir: another user must be able to reach it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	s.folder = folder
	if os.Geteuid() == 0 {
		own(t, folder)
	}
	s.run("initdb", "-D", filepath.Join(folder, "data"), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions")
	s.port = freePort(t)
	s.Up()
	t.Cleanup(s.Kill)
	return s
}

// Address is the URL of the server's database.
func (s *Server) Address() string {
	u := url.URL{Scheme: "postgres", User: url.User("postgres"), Host: "127.0.0.1:" + strconv.Itoa(s.port), Path: "/postgres", RawQuery: "sslmode=disable"}
	return u.String()
}

// New makes one more database in the server and returns its address: much cheaper than another server.
func (s *Server) New() string {
	s.t.Helper()
	name := "d" + strings.ToLower(rand.Text())
	s.run("psql", "-q", "-h", "127.0.0.1", "-p", strconv.Itoa(s.port), "-U", "postgres", "-c", "CREATE DATABASE "+name)
	return strings.Replace(s.Address(), "/postgres?", "/"+name+"?", 1)
}

// Up starts the server, again after Kill, and waits until it answers.
func (s *Server) Up() {
	s.t.Helper()
	c := s.command("postgres", "-D", filepath.Join(s.folder, "data"), "-h", "127.0.0.1", "-p", strconv.Itoa(s.port), "-k", s.folder, "-c", "max_connections=60")
	log, err := os.OpenFile(filepath.Join(s.folder, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		s.t.Fatal(err)
	}
	defer log.Close()
	c.Stdout, c.Stderr = log, log
	if err := c.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.process = c
	for until := time.Now().Add(30 * time.Second); !s.answers(); {
		if time.Now().After(until) {
			text, _ := os.ReadFile(filepath.Join(s.folder, "log"))
			s.t.Fatalf("PostgreSQL does not answer:\n%s", text)
		}
		time.Sleep(20 * time.Millisecond) // nothing tells when another process listens
	}
}

func (s *Server) answers() bool {
	db, err := database.OpenReader(context.Background(), s.Address())
	if err != nil {
		return false
	}
	return db.Close() == nil
}

// Kill ends the server without a shutdown: connections are cut, and what was committed is on disk. It waits until every process of it is gone.
func (s *Server) Kill() {
	if s.process == nil {
		return
	}
	_ = syscall.Kill(-s.process.Process.Pid, syscall.SIGQUIT) // "immediate shutdown": children end too, and shared memory is freed
	_ = s.process.Wait()
	s.process = nil
}

// run runs a program of the server's to its end.
func (s *Server) run(name string, args ...string) {
	s.t.Helper()
	if out, err := s.command(name, args...).CombinedOutput(); err != nil {
		s.t.Fatalf("%s: %v\n%s", name, err, out)
	}
}

// command is a program of the server's, in a process group of its own; as root in another user's name, since the server refuses root.
func (s *Server) command(name string, args ...string) *exec.Cmd {
	c := exec.Command(filepath.Join(s.bin, name), args...)
	c.Dir = s.folder
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if os.Geteuid() == 0 {
		uid, gid := somebody(s.t)
		c.SysProcAttr.Credential = &syscall.Credential{Uid: uid, Gid: gid}
	}
	return c
}

// binaries is the folder of the newest PostgreSQL on the machine.
func binaries(t testing.TB) string {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if len(found) > 0 {
		return filepath.Dir(found[len(found)-1])
	}
	path, err := exec.LookPath("postgres")
	if err != nil {
		t.Skip("PostgreSQL is not installed")
	}
	return filepath.Dir(path)
}

// somebody is the user postgres, else nobody.
func somebody(t testing.TB) (uid, gid uint32) {
	t.Helper()
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		id, err := strconv.ParseUint(u.Uid, 10, 32)
		group, failed := strconv.ParseUint(u.Gid, 10, 32)
		if err == nil && failed == nil {
			return uint32(id), uint32(group)
		}
	}
	t.Fatal("no user to run PostgreSQL as")
	return 0, 0
}

// own gives a folder to the user that the server runs as.
func own(t testing.TB, folder string) {
	t.Helper()
	uid, gid := somebody(t)
	if err := os.Chown(folder, int(uid), int(gid)); err != nil {
		t.Fatal(err)
	}
}

func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(fmt.Errorf("port %q: %w", port, err))
	}
	return n
}
