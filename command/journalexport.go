package command

import (
	"bufio"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/spf13/cobra"

	"github.com/tillproof/tillproof/store/journal"
	"github.com/tillproof/tillproof/store/record"
)

// exportFlags are those of `journal export`.
type exportFlags struct {
	*dataFlags
	courier  courierFlags
	from, to string
	format   string
	salvage  bool

	after, before int64 // from and to in milliseconds
}

func exportCommand(data *dataFlags) *cobra.Command {
	f := &exportFlags{dataFlags: data}
	c := &cobra.Command{Use: "export FILE", Short: "Copy records with their signatures into a file, for people or for the platform", Args: cobra.MaximumNArgs(1), RunE: f.run}
	c.Flags().StringVarP(&data.config, "config", "c", "", "configuration of the till, instead of config.yaml in the data folder")
	c.Flags().StringVar(&data.rootKey, "root-key", "", "the platform's public key in hex, instead of the configuration's")
	f.courier.flags(c)
	c.Flags().StringVar(&f.from, "from", "", "records of this time or later: 2026-03-29 or 2026-03-29T08:00:00Z (UTC)")
	c.Flags().StringVar(&f.to, "to", "", "records before this time")
	c.Flags().StringVar(&f.format, "format", "jsonl", "jsonl: one JSON object a line; cbor: a sequence of CBOR maps (RFC 8742)")
	c.Flags().BoolVar(&f.salvage, "salvage", false, "scan the files for records without opening them, damaged and set aside ones too")
	return c
}

// exported is a record in an export. The last entry of the file has the acknowledgement only.
type exported struct {
	Record    record.Hex `json:"record,omitempty" cbor:"record,omitempty"`       // the bytes that were hashed and signed
	Signature record.Hex `json:"signature,omitempty" cbor:"signature,omitempty"` // COSE_Sign1, detached, on the last record of a commit
	Ack       record.Hex `json:"ack,omitempty" cbor:"ack,omitempty"`             // the platform's last signed acknowledgement
	Shown     *shown     `json:"shown,omitempty" cbor:"-"`                       // the record in words
}

func (f *exportFlags) run(c *cobra.Command, args []string) (err error) {
	if len(args) == 0 && f.courier.file != "" {
		args = []string{f.courier.file}
	}
	if len(args) != 1 || f.courier.file != "" && args[0] != f.courier.file {
		return exit(exitUsage, errors.New("one FILE is needed, as an argument or with -o"))
	}
	if f.courier.file = args[0]; f.courier.wanted() {
		return f.courier.export(c, f.dataFlags)
	}
	if f.format != "jsonl" && f.format != "cbor" {
		return exit(exitUsage, fmt.Errorf("%q is not a format (jsonl, cbor)", f.format))
	}
	if f.after, err = parseMoment(f.from, 0); err != nil {
		return exit(exitUsage, err)
	}
	if f.before, err = parseMoment(f.to, 1<<62); err != nil {
		return exit(exitUsage, err)
	}
	file, err := os.OpenFile(args[0], os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return exit(exitAway, err)
	}
	out := bufio.NewWriterSize(file, 1<<20)
	n, err := f.write(out)
	if err = damagedOr(err); err == nil {
		err = unwritten(errors.Join(out.Flush(), file.Sync()))
	}
	if err := errors.Join(err, unwritten(file.Close())); err != nil {
		return err
	}
	if f.json {
		return writeJSON(c.OutOrStdout(), map[string]any{"records": n, "file": args[0]})
	}
	c.Printf("%d records in %s\n", n, args[0])
	return nil
}

// unwritten is an error of the disk that is written to, nil for none.
func unwritten(err error) error {
	if err == nil {
		return nil
	}
	return exit(exitAway, fmt.Errorf("%w. The export is not whole, the journal is as it was: free some space, remove the file and try again", err))
}

// parseMoment reads a day or a time, in milliseconds since 1970-01-01 UTC.
func parseMoment(text string, absent int64) (int64, error) {
	if text == "" {
		return absent, nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UnixMilli(), nil
		}
	}
	return 0, fmt.Errorf("%q is neither a day (2026-03-29) nor a time (2026-03-29T08:00:00Z)", text)
}

func (f *exportFlags) write(out io.Writer) (n int, err error) {
	codec, err := record.NewCodec()
	if err != nil {
		return 0, err
	}
	one := func(rec *record.Record, signature []byte) error {
		if rec.Times.Wall < f.after || rec.Times.Wall >= f.before {
			return nil
		}
		n++
		return f.entry(out, &exported{Record: rec.Raw, Signature: signature, Shown: show(codec, rec, signature)})
	}
	if f.salvage {
		return n, journal.Salvage(f.paths().Journal, one)
	}
	r, err := journal.OpenReader(f.paths().Journal)
	if err != nil {
		return 0, err
	}
	defer r.Close()
	for _, epoch := range r.Epochs() {
		err := r.Each(epoch, 1, func(s journal.Stored) error {
			rec, _, err := codec.Decode(s.Raw)
			if err != nil {
				return exit(exitNot, err)
			}
			return one(&rec, s.Signature)
		})
		if err != nil {
			return n, err
		}
	}
	ack, err := r.Acknowledgement()
	if ack == nil || err != nil {
		return n, err
	}
	return n, f.entry(out, &exported{Ack: ack})
}

func (f *exportFlags) entry(out io.Writer, e *exported) error {
	if f.format == "jsonl" {
		return unwritten(writeJSON(out, e))
	}
	raw, err := cbor.Marshal(e)
	if err != nil {
		return err
	}
	_, err = out.Write(raw)
	return unwritten(err)
}

// show puts a record into the form that `journal show` prints.
func show(codec *record.Codec, rec *record.Record, signature []byte) *shown {
	line := &shown{Epoch: rec.Epoch, Seq: rec.Seq, Kind: rec.Kind.String(), Hash: rec.Head().Hash, Signed: len(signature) > 0,
		At: time.UnixMilli(rec.Times.Wall).UTC().Format("2006-01-02T15:04:05.000Z")}
	var err error
	if line.Body, err = codec.Body(rec); err != nil {
		line.Raw = hex.EncodeToString(rec.Raw)
	}
	return line
}
