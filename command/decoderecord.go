package command

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"strings"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/store/record"
)

// decodeRecord puts the journal's records into words, one object each: what places it in its chain, and its body as `journal show --json` prints it.
func decodeRecord(input []byte) []drivers.Decoded {
	codec, err := record.NewCodec()
	if err != nil {
		return []drivers.Decoded{{Protocol: "record", Error: err.Error()}}
	}
	var all []drivers.Decoded
	for len(input) > 0 {
		rec, rest, err := codec.Decode(input)
		if err != nil {
			return append(all, drivers.Decoded{Protocol: "record", Frame: hex.EncodeToString(input), Error: undecodable(err)})
		}
		all = append(all, decodedRecord(codec, &rec))
		input = rest
	}
	return all
}

// undecodable says first that something is missing, where that is what is wrong; and of bytes of another kind no more than that.
func undecodable(err error) string {
	text := err.Error()
	switch {
	case strings.Contains(text, "EOF"):
		return "truncated: the record has no end"
	case strings.Contains(text, "cbor:"):
		return "these bytes are no record of a journal"
	}
	return text
}

func decodedRecord(codec *record.Codec, rec *record.Record) drivers.Decoded {
	line := show(codec, rec, nil)
	d := drivers.Decoded{OK: true, Protocol: "record", Name: line.Kind, Frame: hex.EncodeToString(rec.Raw), Fields: map[string]any{
		"x_till": rec.Till, "x_epoch": rec.Epoch.String(), "x_seq": rec.Seq, "x_prev": rec.Prev.String(), "x_hash": line.Hash.String(), "x_at": line.At,
		"x_mono": rec.Times.Mono}}
	if rec.Times.Offset != nil {
		d.Fields["x_offset"] = *rec.Times.Offset
	}
	body := map[string]any{}
	text, err := json.Marshal(line.Body)
	if err == nil {
		numbers := json.NewDecoder(bytes.NewReader(text))
		numbers.UseNumber()
		err = numbers.Decode(&body)
	}
	if line.Body == nil || err != nil {
		d.OK, d.Error = false, "the body cannot be interpreted by this version"
		d.Fields["x_body"] = line.Raw
		return d
	}
	for name, value := range body {
		if name == "amount" || name == "currency" {
			d.Fields[name] = value
			continue
		}
		if _, taken := d.Fields["x_"+name]; taken {
			name = "body_" + name
		}
		d.Fields["x_"+name] = value
	}
	return d
}
