package payload

// walk splits text, which begins at byte base of the payload, into objects. Whatever is wrong is told with its place; an ID that
// stands twice only in a text that is objects to its end.
func walk(text string, base int, unit Unit, under string) ([]Object, error) {
	var objects []Object
	seen := [100]bool{}
	var twice error
	for at := 0; at < len(text); {
		o, size, err := next(text[at:], base+at, unit, under)
		if err != nil {
			return nil, err
		}
		if seen[number(o.ID)] && twice == nil {
			twice = &Error{o.Offset, o.Path, "the ID stands here a second time", ErrDuplicate}
		}
		seen[number(o.ID)] = true
		objects = append(objects, o)
		at += size
	}
	return objects, twice
}

// next reads the object at the begin of text.
func next(text string, offset int, unit Unit, under string) (Object, int, error) {
	fault := func(kind error, object, reason string) (Object, int, error) {
		return Object{}, 0, &Error{offset, object, reason, kind}
	}
	if len(text) < 2 {
		return fault(ErrTruncated, under, "the text ends inside an ID")
	}
	id := text[:2]
	if !isDigits(id) {
		return fault(ErrSyntax, under, "an ID is two digits")
	}
	path := join2(under, id)
	if len(text) < 4 {
		return fault(ErrTruncated, path, "the text ends inside a length")
	}
	length := text[2:4]
	if !isDigits(length) || length == "00" {
		return fault(ErrSyntax, path, "a length is two digits from 01 to 99")
	}
	end, ok := unit.cut(text[4:], number(length))
	if !ok {
		return fault(ErrTruncated, path, "length "+length+" goes past the end")
	}
	return Object{ID: id, Length: length, Value: text[4 : 4+end], Offset: offset, Path: path, unit: unit}, 4 + end, nil
}

// number reads two digits.
func number(s string) int { return int(s[0]-'0')*10 + int(s[1]-'0') }

// join2 is the path of an object under another.
func join2(under, id string) string {
	if under == "" {
		return id
	}
	return under + "-" + id
}
