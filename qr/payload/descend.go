package payload

import (
	"errors"
	"strings"
)

// Children are the objects inside a template. It answers false for a primitive object, and for one that could be a template but
// does not walk exactly as objects: real codes carry hashes and plain texts there (82 of DuitNow, 62-90 of JomPAY).
func (o Object) Children() ([]Object, bool) {
	if !o.mayHold() {
		return nil, false
	}
	objects, err := walk(o.Value, o.Offset+4, o.unit, o.Path)
	if err != nil {
		return nil, false
	}
	guid := ""
	if objects[0].ID == "00" {
		guid = objects[0].Value
	}
	for i := range objects {
		objects[i].parent = guid
	}
	return objects, true
}

// Child finds an object inside a template.
func (o Object) Child(id string) (Object, bool) {
	inner, _ := o.Children()
	return find(inner, id)
}

// mayHold says whether the standard or a scheme puts objects into this one (§1.2 tables 3.1 to 3.8 of the standard). 02-25
// never do.
func (o Object) mayHold() bool {
	id := number(o.ID)
	switch len(o.Path) {
	case 2:
		return id >= 26 && id <= 51 || id == 62 || id == 64 || id >= 80
	case 5:
		inside := number(o.Path[:2])
		return inside == 62 && id >= 50 && strings.HasPrefix(o.Value, "00") ||
			inside >= 26 && inside <= 51 && o.ID == "01" && nestsAccount(o.parent)
	}
	return false
}

// nestsAccount lists the schemes whose sub-object 01 is itself made of objects.
func nestsAccount(guid string) bool {
	return strings.EqualFold(guid, guidVietQR) || strings.EqualFold(guid, guidThaiCrossBorder)
}

// checkInside refuses an ID that a template holds twice, however deep it stands. An unreserved object is believed to be a template only when a GUID
// leads it.
func checkInside(objects []Object) error {
	for _, o := range objects {
		if !o.mayHold() || number(o.ID) >= 80 && !strings.HasPrefix(o.Value, "00") {
			continue
		}
		if _, err := walk(o.Value, o.Offset+4, o.unit, o.Path); errors.Is(err, ErrDuplicate) {
			return err
		}
		inner, _ := o.Children()
		if err := checkInside(inner); err != nil {
			return err
		}
	}
	return nil
}

// find is the object with this ID.
func find(objects []Object, id string) (Object, bool) {
	for _, o := range objects {
		if o.ID == id {
			return o, true
		}
	}
	return Object{}, false
}
