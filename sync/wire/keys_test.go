package wire

import (
	"bytes"
	"maps"
	"reflect"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/store/cose"
)

func aKeyList(t testing.TB) *KeyList {
	return &KeyList{Version: 3, At: 1700000000000, Revoked: []cose.KeyID{{9, 9, 9, 9, 9, 9, 9, 9}}, Keys: []PlatformKey{
		{Public: newSigner(t, 2).Public(), Use: UseAll, From: 1, Until: 1800000000000}, {Public: newSigner(t, 3).Public(), Use: UseAck, From: 5}}}
}

func TestListsOfKeysCarryWhatTheRootSays(t *testing.T) {
	c, root := newCodec(t), newSigner(t, 1)
	message, err := c.SealKeys(aKeyList(t), root)
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.OpenKeys(message, cose.OneKey(root.Public()))
	if err != nil || !reflect.DeepEqual(got, aKeyList(t)) {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := c.OpenKeys(message, cose.OneKey(newSigner(t, 2).Public())); err == nil {
		t.Error("a key of the list vouches for the list")
	}
}

func TestListsOfKeysThatAreRefused(t *testing.T) {
	c, root := newCodec(t), newSigner(t, 1)
	signer := newSigner(t, 2)
	id := signer.ID()
	key := func() map[string]any {
		return map[string]any{"kid": id[:], "public": []byte(signer.Public()), "use": "all", "from": int64(1)}
	}
	whole := func() map[string]any {
		return map[string]any{"version": uint64(1), "keys": []any{key()}, "revoked": [][]byte{}, "at": int64(1)}
	}
	if _, err := c.OpenKeys(seal(t, root, cose.ForKeys, whole()), cose.OneKey(root.Public())); err != nil {
		t.Fatal(err)
	}
	changed := func(name string, value any) []any {
		k := key()
		maps.Copy(k, map[string]any{name: value})
		return []any{k}
	}
	for name, change := range map[string]func(map[string]any){
		"version 0":        func(m map[string]any) { m["version"] = uint64(0) },
		"huge version":     func(m map[string]any) { m["version"] = uint64(1) << 63 },
		"no keys":          func(m map[string]any) { m["keys"] = []any{} },
		"key twice":        func(m map[string]any) { m["keys"] = []any{key(), key()} },
		"another kid":      func(m map[string]any) { m["keys"] = changed("kid", make([]byte, 8)) },
		"short key":        func(m map[string]any) { m["keys"] = changed("public", []byte{1}) },
		"unknown use":      func(m map[string]any) { m["keys"] = changed("use", "mint") },
		"ends at its from": func(m map[string]any) { m["keys"] = changed("until", int64(1)) },
		"short revoked":    func(m map[string]any) { m["revoked"] = [][]byte{{1}} },
	} {
		m := whole()
		change(m)
		if list, err := c.OpenKeys(seal(t, root, cose.ForKeys, m), cose.OneKey(root.Public())); err == nil {
			t.Errorf("%s: accepted as %+v", name, list)
		}
	}
	if _, err := c.OpenKeys(seal(t, root, cose.ForPolicy, whole()), cose.OneKey(root.Public())); err == nil {
		t.Error("a policy passes for a list of keys")
	}
}

func TestAKeyCountsInItsTimeForItsUse(t *testing.T) {
	k := PlatformKey{Use: UseAck, From: 10, Until: 20}
	for now, may := range map[int64]bool{9: false, 10: true, 19: true, 20: false} {
		if k.May(UseAck, now) != may {
			t.Errorf("at %d: %v", now, !may)
		}
	}
	if k.May(UseReply, 15) || !(&PlatformKey{Use: UseAll}).May(UseReply, 15) {
		t.Error("the use is not looked at")
	}
	l := aKeyList(t)
	id := l.Keys[0].ID()
	if l.Find(id) == nil {
		t.Error("not found")
	}
	l.Revoked = append(l.Revoked, id)
	if l.Find(id) != nil {
		t.Error("a revoked key is found")
	}
}

func TestCodesAreReadAsPeopleTypeThem(t *testing.T) {
	root := newSigner(t, 1).Public()
	code := NewEnrolCode([]byte("authority"), root)
	typed := strings.ToLower(strings.NewReplacer("-", " ", "0", "o", "1", "l").Replace(code.String()))
	again, err := ParseEnrolCode(typed)
	if err != nil || again != code || again.Hash() != code.Hash() {
		t.Errorf("%q became %v, %v", typed, again, err)
	}
	if !code.Names([]byte("authority"), root) || code.Names([]byte("another"), root) || code.Names([]byte("authority"), newSigner(t, 2).Public()) {
		t.Error("the code does not name its platform alone")
	}
	other := NewEnrolCode([]byte("authority"), root)
	if other == code || other.Hash() == code.Hash() || bytes.Equal(other.Proof(nil), code.Proof(nil)) {
		t.Error("two codes are the same")
	}
	for _, bad := range []string{"", code.String() + "0", code.String()[1:], "U" + code.String()[1:], "é" + code.String()[2:]} {
		if c, err := ParseEnrolCode(bad); err == nil {
			t.Errorf("%q was read as %v", bad, c)
		}
	}
}

func FuzzOpenKeys(f *testing.F) {
	c, root := newCodec(f), newSigner(f, 1)
	message, err := c.SealKeys(aKeyList(f), root)
	if err != nil {
		f.Fatal(err)
	}
	content, _, _ := cose.Open(message, cose.ForKeys, cose.OneKey(root.Public()))
	f.Add(content)
	f.Add([]byte{0xa0})
	f.Fuzz(func(t *testing.T, content []byte) {
		message, err := root.Seal(content, cose.ForKeys)
		if err != nil {
			t.Fatal(err)
		}
		list, err := c.OpenKeys(message, cose.OneKey(root.Public()))
		if err != nil {
			return
		}
		if _, err := c.SealKeys(list, root); err != nil {
			t.Errorf("%+v was read and cannot be written: %v", list, err)
		}
	})
}
