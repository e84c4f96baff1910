package access

import "testing"

func TestAHigherRoleMayWhatTheLowerMay(t *testing.T) {
	roles := []Role{Viewer, Operator, Admin}
	for i, has := range roles {
		for k, need := range roles {
			if has.May(need) != (i >= k) {
				t.Errorf("%s may what %s may: %v", has, need, has.May(need))
			}
		}
	}
	if Role("").Valid() || Role("root").May(Viewer) || Role("root").May("") {
		t.Error("a word that is no role opens the door")
	}
}
