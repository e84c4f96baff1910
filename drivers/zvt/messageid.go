package zvt

import (
	"bytes"

	"github.com/tillproof/tillproof/drivers/zvt/codec"
)

// messageID writes TLV 1F73.
func messageID(dst []byte, id uint64) []byte {
	digits, _ := codec.BCD(id, 3) // at most lastID
	return codec.AppendTLV(dst, codec.TagMessageID, digits)
}

// withID adds the id to the TLV container of a message of ours, which is made where there is none. 0 adds nothing.
func withID(a codec.APDU, id uint64) codec.APDU {
	if id == 0 {
		return a
	}
	fixed := fixedPart(a)
	fields, _, _ := codec.ParseFields(a.Data[fixed:])
	b, objects := codec.Build(a.Class, a.Instr).Raw(a.Data[:fixed]...), []byte(nil)
	for _, f := range fields {
		if f.BMP == codec.Container {
			objects = f.Value
			continue
		}
		b.Field(f.BMP, f.Value...)
	}
	whole, err := b.TLV(messageID(bytes.Clone(objects), id)).APDU()
	if err != nil {
		return a // what we send is short and of known fields
	}
	return whole
}

// withoutID takes the id out of a message of the terminal; 0 is the id of one that has none. A message that cannot be parsed to its end keeps it.
func withoutID(a codec.APDU) (uint64, codec.APDU) {
	if !bytes.Contains(a.Data, idMark()) {
		return 0, a
	}
	if a.Is(0x06, 0xD1) {
		return lineWithoutID(a)
	}
	fixed := fixedPart(a)
	fields, rest, _ := codec.ParseFields(a.Data[fixed:])
	digits, found := fields.TLV().Find(codec.TagMessageID)
	if !found {
		return endID(a.Data), a
	}
	id, err := codec.ParseBCD(digits)
	if err != nil || id == 0 {
		return 0, a
	}
	return id, cleared(a, fixed, fields, rest)
}

// cleared is a message without the id in its container, and without a container of nothing else.
func cleared(a codec.APDU, fixed int, fields codec.Fields, rest []byte) codec.APDU {
	b := codec.Build(a.Class, a.Instr).Raw(a.Data[:fixed]...)
	for _, f := range fields {
		if f.BMP != codec.Container {
			b.Field(f.BMP, f.Value...)
		} else if others := otherObjects(f.Value); len(others) > 0 {
			b.TLV(others)
		}
	}
	bare, err := b.Raw(rest...).APDU()
	if err != nil {
		return a
	}
	return bare
}

// otherObjects is a container without its message id.
func otherObjects(container []byte) []byte {
	objects, err := codec.ParseTLV(container)
	if err != nil {
		return container
	}
	var others []byte
	for _, o := range objects {
		if o.Tag != codec.TagMessageID {
			others = codec.AppendTLV(others, o.Tag, o.Value)
		}
	}
	return others
}

// idMark is tag and length of TLV 1F73.
func idMark() []byte { return []byte{0x1F, 0x73, 0x03} }

// idSize is the length of a whole TLV 1F73.
const idSize = 6

// lineWithoutID cuts a container with nothing but the id off the text of a printed line, which has no fields of its own.
func lineWithoutID(a codec.APDU) (uint64, codec.APDU) {
	cut := len(a.Data) - idSize - 2
	id := endID(a.Data)
	if id == 0 || cut < 0 || a.Data[cut] != byte(codec.Container) || a.Data[cut+1] != idSize {
		return 0, a
	}
	return id, codec.APDU{Class: a.Class, Instr: a.Instr, Data: a.Data[:cut]}
}

// endID is the id with which a message ends, 0 for none: what stands before it may be of unknown length.
func endID(data []byte) uint64 {
	at := len(data) - idSize
	if at < 0 || !bytes.HasPrefix(data[at:], idMark()) {
		return 0
	}
	id, err := codec.ParseBCD(data[at+len(idMark()):])
	if err != nil {
		return 0
	}
	return id
}
