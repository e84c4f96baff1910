package codec

import "fmt"

// Field is one BMP with its content, without tag and length.
type Field struct {
	BMP   BMP
	Value []byte
	At    int // where Value begins in the parsed data
}

// Fields are the BMPs of a message in the order of the wire. The order has no meaning (PA00P015).
type Fields []Field

// ParseFields reads BMPs until the end of data. An unknown BMP has an unknown length, so it and everything after it
// come back as rest, without an error: a message must not fail for it. A known one that is cut off or has a broken
// length is an error; rest begins with it then. Callers cut positional parts (password, configuration byte, status) off
// data before.
func ParseFields(data []byte) (fields Fields, rest []byte, err error) {
	for at := 0; at < len(data); {
		tag := BMP(data[at])
		f, size := tag.format()
		if f == Unknown {
			return fields, data[at:], nil
		}
		head, n, err := f.length(data[at+1:], size)
		if err != nil || len(data)-at-1-head < n {
			return fields, data[at:], fieldError(tag, err)
		}
		begin := at + 1 + head
		fields = append(fields, Field{BMP: tag, Value: data[begin : begin+n : begin+n], At: begin})
		at = begin + n
	}
	return fields, nil, nil
}

func fieldError(tag BMP, err error) error {
	if err == nil {
		err = ErrTruncated
	}
	return fmt.Errorf("BMP %02x: %w", byte(tag), err)
}

// length reads how many bytes the length of a field takes and what it says.
func (f Format) length(b []byte, size int) (head, n int, err error) {
	switch f {
	case Fixed:
		return 0, size, nil
	case LLVar:
		n, err = varDigits(b, 2)
		return 2, n, err
	case LLLVar:
		n, err = varDigits(b, 3)
		return 3, n, err
	}
	return berLength(b)
}

// Find returns the content of the first field with the tag.
func (f Fields) Find(tag BMP) ([]byte, bool) {
	for _, field := range f {
		if field.BMP == tag {
			return field.Value, true
		}
	}
	return nil, false
}

// Number reads a BCD field; ok is false when it is missing or holds no digits.
func (f Fields) Number(tag BMP) (n uint64, ok bool) {
	v, found := f.Find(tag)
	if !found {
		return 0, false
	}
	n, err := ParseBCD(v)
	return n, err == nil
}

// Byte reads a field of one byte.
func (f Fields) Byte(tag BMP) (b byte, ok bool) {
	v, _ := f.Find(tag)
	if len(v) != 1 {
		return 0, false
	}
	return v[0], true
}

// TLV reads the container in BMP 06. A broken container gives the objects before the damage, and nothing of an absent one.
func (f Fields) TLV() Objects {
	v, _ := f.Find(Container)
	objects, _ := ParseTLV(v)
	return objects
}
