package registry_test

import (
	"bytes"
	"crypto/sha256"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/platform/access"
	"github.com/tillproof/tillproof/sync/platform/database"
	"github.com/tillproof/tillproof/sync/platform/database/databasetest"
	"github.com/tillproof/tillproof/sync/platform/registry"
)

func TestPeopleLogInByATokenThatNobodyKeeps(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, address string) {
		s := open(t, address)
		ctx := t.Context()
		if peopled, err := s.Peopled(ctx); err != nil || peopled {
			t.Errorf("%v %v", peopled, err)
		}
		token, err := s.AddPerson(ctx, registry.Person{Name: "ann", Role: access.Admin})
		if err != nil || !strings.HasPrefix(token, "tpo_") || len(token) < 26 {
			t.Fatalf("%q %v", token, err)
		}
		knows := func(secret string, want, session bool) {
			t.Helper()
			who, isSession, known, err := s.Who(ctx, secret)
			if err != nil || known != want || known && (who != access.Person{Name: "ann", Role: access.Admin} || isSession != session) {
				t.Errorf("%+v session %v known %v: %v", who, isSession, known, err)
			}
		}
		knows(token, true, false)
		knows("tpo_NONE", false, false)
		session, _, err := s.OpenSession(ctx, "ann")
		if err != nil {
			t.Fatal(err)
		}
		knows(session, true, true)
		if err := s.CloseSession(ctx, session); err != nil {
			t.Error(err)
		}
		knows(session, false, false)
		if err := s.CloseSession(ctx, token); err != nil {
			t.Error(err)
		}
		knows(token, true, false) // a token is no session
		_, err = s.AddPerson(ctx, registry.Person{Name: "ann", Role: access.Viewer})
		s.refused(err, "exists")
		_, err = s.Enable(ctx, registry.KindPerson, "ann", registry.Any, false)
		s.refused(err, "last_admin")
		_, err = s.Put(ctx, &registry.Person{Name: "ann", Role: access.Viewer}, registry.Any)
		s.refused(err, "last_admin")
		other, err := s.NewToken(ctx, "ann")
		if err != nil {
			t.Fatal(err)
		}
		knows(token, false, false)
		knows(other, true, false)
		if _, err := s.AddPerson(ctx, registry.Person{Name: "bob", Role: access.Admin}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Enable(ctx, registry.KindPerson, "ann", registry.Any, false); err != nil {
			t.Fatal(err)
		}
		knows(other, false, false)
		var rows int
		for entry, err := range s.Audit(ctx, 0, 0) {
			if rows++; err != nil || strings.Contains(string(entry.After)+string(entry.Before)+entry.Target, token) {
				t.Errorf("%+v %v", entry, err)
			}
		}
		s.verified(int64(rows))
	})
}

func TestAChangedAuditLogIsSeen(t *testing.T) {
	for name, damage := range map[string]string{
		"changed":       `UPDATE registry_audit SET entry = replace(entry, 'store-2', 'store-9') WHERE n = 3`,
		"hash too":      `UPDATE registry_audit SET entry = replace(entry, 'store-2', 'store-9'), hash = zeroblob(32) WHERE n = 3`,
		"taken out":     `DELETE FROM registry_audit WHERE n = 3`,
		"cut off":       `DELETE FROM registry_audit WHERE n = 5`,
		"renumbered":    `DELETE FROM registry_audit WHERE n = 3; UPDATE registry_audit SET n = n - 1 WHERE n > 3`,
		"put in":        `INSERT INTO registry_audit SELECT 6, hash, entry FROM registry_audit WHERE n = 5`,
		"no JSON":       `UPDATE registry_audit SET entry = 'x' WHERE n = 3`,
		"chained again": `DELETE FROM registry_audit; UPDATE registry_state SET n = 0, hash = NULL WHERE name = 'audit'`,
	} {
		s := sqlite(t)
		s.put(&registry.Merchant{Merchant: "acme"})
		for _, store := range []string{"store-1", "store-2", "store-3", "store-4"} {
			s.put(&registry.Store{Merchant: "acme", Store: store})
		}
		before, err := s.VerifyAudit(t.Context(), "")
		if err != nil || !before.OK || len(before.Head) != 64 {
			t.Fatalf("%+v %v", before, err)
		}
		if v, err := s.VerifyAudit(t.Context(), before.Head); err != nil || !v.OK {
			t.Errorf("%+v %v", v, err)
		}
		if err := s.db.Transact(t.Context(), func(tx *database.Tx) error {
			for part := range strings.SplitSeq(damage, ";") {
				if _, err := tx.Exec(t.Context(), part); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if v, err := s.VerifyAudit(t.Context(), before.Head); err != nil || v.OK || len(v.Faults) == 0 {
			t.Errorf("%s: %+v %v", name, v, err)
		}
	}
}

func TestTheConfigurationCountsOnce(t *testing.T) {
	s := sqlite(t)
	ctx := t.Context()
	file := func(total pos.Minor, version uint64, tills ...pos.TillID) []registry.Thing {
		list := []registry.Thing{&registry.Merchant{Merchant: "acme"}}
		for _, till := range tills {
			list = append(list, &registry.Till{Till: till, Merchant: "acme", PublicKey: make([]byte, 32)})
		}
		l := limit("acme-1")
		l.Version, l.Limits[0].MaxTotal = version, total
		return append(list, l)
	}
	seed := func(list []registry.Thing) {
		t.Helper()
		if err := s.Seed(ctx, list); err != nil {
			t.Fatal(err)
		}
	}
	seed(file(100, 3, "till-1", "till-2"))
	n := s.version()
	seed(file(100, 3, "till-1", "till-2"))
	if s.version() != n {
		t.Error("the same file again has changed something")
	}
	is := func(version uint64, total pos.Minor) {
		t.Helper()
		kept, _, err := s.Get(ctx, registry.KindLimit, "acme-1")
		if err != nil {
			t.Fatal(err)
		}
		if l := kept.Thing.(*registry.Limit); l.Version != version || l.Limits[0].MaxTotal != total {
			t.Errorf("%+v", l)
		}
	}
	is(3, 100)
	changed := limit("acme-1")
	changed.Limits[0].MaxTotal = 500
	s.put(changed)
	is(4, 500)
	seed(file(100, 3, "till-1", "till-2")) // the file says nothing new
	is(4, 500)
	seed(file(200, 9, "till-1", "till-2"))
	is(9, 200)
	s.put(&registry.Till{Till: "till-1", Merchant: "acme", Name: "front", PublicKey: make([]byte, 32)})
	seed(file(200, 9, "till-1"))
	if till, _, err := s.Till(ctx, "till-2"); err != nil || till.Enabled {
		t.Errorf("a till that the file names no more counts: %+v %v", till, err)
	}
	seed(file(200, 9, "till-1", "till-2"))
	if till, _, err := s.Till(ctx, "till-2"); err != nil || !till.Enabled {
		t.Errorf("a till that the file names again does not count: %+v %v", till, err)
	}
	if till, _, err := s.Till(ctx, "till-1"); err != nil || till.Name != "front" {
		t.Errorf("%+v %v", till, err)
	}
	for entry, err := range s.Audit(ctx, 0, 1) {
		if err != nil || entry.Actor != "configuration" || entry.Action != "add" || entry.Target != "merchant/acme" {
			t.Errorf("%+v %v", entry, err)
		}
	}
}

// TestAnEntryThatWasWrittenAnewBreaksTheChain: its own hash is right, and the entry behind it names another one.
func TestAnEntryThatWasWrittenAnewBreaksTheChain(t *testing.T) {
	s := sqlite(t)
	s.put(&registry.Merchant{Merchant: "acme"}, &registry.Store{Merchant: "acme", Store: "north"}, &registry.Store{Merchant: "acme", Store: "south"})
	var text []byte
	if err := s.db.Row(t.Context(), "SELECT entry FROM registry_audit WHERE n = 2").Scan(&text); err != nil {
		t.Fatal(err)
	}
	text = bytes.Replace(text, []byte("user:test"), []byte("user:else"), 1)
	sum := sha256.Sum256(text)
	if err := s.db.Transact(t.Context(), func(tx *database.Tx) error {
		_, err := tx.Exec(t.Context(), "UPDATE registry_audit SET entry = ?, hash = ? WHERE n = 2", text, sum[:])
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if v, err := s.VerifyAudit(t.Context(), ""); err != nil || v.OK || len(v.Faults) != 1 || !strings.Contains(v.Faults[0], "entry 3 does not follow") {
		t.Errorf("%+v %v", v, err)
	}
}
