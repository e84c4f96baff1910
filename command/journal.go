package command

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tillproof/tillproof/agent"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/journal"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/wire"
)

// dataFlags are what the commands on a till's data have in common.
type dataFlags struct {
	dir     string
	json    bool
	rootKey string
	config  string // path of the till's configuration, "" for the one in the data folder
}

func journalCommand() *cobra.Command {
	f := &dataFlags{}
	group := &cobra.Command{Use: "journal", Short: "Look at the journal of a till that is not running"}
	group.PersistentFlags().StringVar(&f.dir, "data", "data", "data folder of the till, or of a demo")
	group.PersistentFlags().BoolVar(&f.json, "json", false, "print JSON")
	verify := &cobra.Command{Use: "verify", Short: "Check every record: content, order, chain and signatures", Args: cobra.NoArgs, RunE: f.verify}
	verify.Flags().StringVar(&f.rootKey, "root-key", "", "the platform's public key in hex, to hold the journal against its last acknowledgement; by default that of config.yaml in the data folder")
	group.AddCommand(verify, exportCommand(f), rekeyCommand(f), acknowledgeCommand(f),
		&cobra.Command{Use: "show", Short: "Print the records that can be read, one a line", Args: cobra.NoArgs, RunE: f.show},
		&cobra.Command{Use: "totals", Short: "Add up what was taken", Args: cobra.NoArgs, RunE: f.totals},
		&cobra.Command{Use: "rebuild", Short: "Make the views anew from the records", Args: cobra.NoArgs, RunE: f.rebuild})
	return group
}

func (f *dataFlags) paths() agent.Paths { return agent.PathsIn(tillFolder(f.dir)) }

func (f *dataFlags) verify(c *cobra.Command, _ []string) error {
	till, err := f.owner()
	if err != nil {
		return err
	}
	keys, err := agent.TillKeys(f.paths())
	if err != nil {
		return exit(exitAway, fmt.Errorf("the till's key is needed to check signatures: %w", err))
	}
	custody, err := f.custody()
	if err != nil {
		return exit(exitUsage, err)
	}
	report, err := journal.Verify(f.paths().Journal, till, keys, custody...)
	if err != nil {
		return err
	}
	if f.json {
		err = writeJSON(c.OutOrStdout(), report)
	} else {
		printReport(c.OutOrStdout(), &report)
	}
	if err == nil && !report.OK {
		return exit(exitNot, nil)
	}
	return err
}

// owner is the till that the journal names, "" where nothing of it can be read any more: then that is what is to be told.
func (f *dataFlags) owner() (till pos.TillID, err error) {
	till, err = journal.Owner(f.paths().Journal)
	if !journal.Damaged(err) {
		return till, err
	}
	err = journal.Salvage(f.paths().Journal, func(rec *record.Record, _ []byte) error {
		till = rec.Till
		return errEnough
	})
	if errors.Is(err, errEnough) {
		return till, nil
	}
	return till, err
}

// errEnough ends a walk that has found what it looked for.
var errEnough = errors.New("enough")

// damaged says what an error of reading a journal means and what to do about it.
func damaged(err error) error {
	var told *pos.Error
	var known *exitError
	if err == nil || errors.As(err, &told) || errors.As(err, &known) || errors.Is(err, journal.ErrEmpty) {
		return err
	}
	return pos.NewError("journal_unreadable", pos.Permanent, pos.MoneyUnknown, "The journal cannot be read as a whole.",
		"Keep a copy of the folder. `tillproof journal verify` names each record and file, `tillproof journal export --salvage` finds what they still hold, "+
			"and the next start of the till goes on with that.").Because(err)
}

// damagedOr is [damaged] for errors that may come from elsewhere too, and are themselves then.
func damagedOr(err error) error {
	if journal.Damaged(err) {
		return damaged(err)
	}
	return err
}

// custody reads signed acknowledgements, when the platform's key is given or stands in the configuration beside the data.
func (f *dataFlags) custody() ([]journal.Custody, error) {
	text := f.rootKey
	if config, err := agent.LoadConfig(filepath.Join(tillFolder(f.dir), "config.yaml")); text == "" && err == nil {
		text = config.Platform.RootKey
	}
	if text == "" {
		return nil, nil
	}
	key, err := cose.ParsePublicKey(text)
	if err != nil {
		return nil, err
	}
	codec, err := wire.NewCodec()
	if err != nil {
		return nil, err
	}
	keys, err := agent.PlatformKeys(f.paths(), key, codec)
	if err != nil {
		return nil, err
	}
	return []journal.Custody{func(raw []byte) (record.Head, bool) {
		ack, err := codec.OpenAck(raw, keys)
		if err != nil {
			return record.Head{}, false
		}
		return ack.Mark, true
	}}, nil
}

func printReport(w io.Writer, r *journal.Report) {
	for _, e := range r.Epochs {
		fmt.Fprintf(w, "epoch %s  records %d-%d  head %s\n", e.Epoch, e.FirstSeq, e.LastSeq, e.Head)
	}
	if r.Carried != nil {
		fmt.Fprintf(w, "records up to %d of epoch %s were removed after their retention; carry records name them\n", r.Carried.Seq, r.Carried.Epoch)
	}
	for _, p := range r.Holes {
		fmt.Fprintf(w, "hole: record %d of epoch %s: %s\n", p.Seq, p.Epoch, p.Text)
	}
	for _, p := range r.Problems {
		fmt.Fprintf(w, "%s: record %d of epoch %s: %s\n", p.Kind, p.Seq, p.Epoch, p.Text)
	}
	if r.OK {
		fmt.Fprintf(w, "%d records of till %s are as they were written\n", r.Records, r.Till)
	} else {
		fmt.Fprintf(w, "%d problems in %d records of till %s. Keep a copy of the folder; what the platform has acknowledged is safe there.\n",
			len(r.Problems), r.Records, r.Till)
	}
}

// shown is a record as `journal show` prints it.
type shown struct {
	Epoch  pos.Epoch   `json:"epoch"`
	Seq    pos.Seq     `json:"seq"`
	Kind   string      `json:"kind"`
	At     string      `json:"at"`
	Hash   record.Hash `json:"hash"`
	Signed bool        `json:"signed"`
	Body   record.Body `json:"body,omitempty"`
	Raw    string      `json:"raw,omitempty"` // hex, where the body cannot be interpreted
}

func (f *dataFlags) show(c *cobra.Command, _ []string) error {
	r, err := journal.OpenReadable(f.paths().Journal)
	if err != nil {
		return err
	}
	defer r.Close()
	out := bufio.NewWriter(c.OutOrStdout())
	first := r.Shut()
	lost := func(_, _ pos.Seq, err error) {
		if first == nil {
			first = err
		}
	}
	for _, epoch := range r.Epochs() {
		err := r.EachReadable(epoch, func(s journal.Stored) error {
			rec, _, err := r.Codec().Decode(s.Raw)
			if err != nil {
				lost(s.Key, s.Key, fmt.Errorf("record %d: %w", s.Key, err))
				return nil
			}
			return f.showOne(out, show(r.Codec(), &rec, s.Signature))
		}, lost)
		if err != nil {
			return errors.Join(err, out.Flush())
		}
	}
	return errors.Join(damaged(first), out.Flush())
}

func (f *dataFlags) showOne(w io.Writer, line *shown) error {
	if f.json {
		return writeJSON(w, line)
	}
	body := fmt.Sprintf("%+v", line.Raw)
	if line.Body != nil {
		body = describe(line.Body)
	}
	_, err := fmt.Fprintf(w, "%6d  %s  %-11s %s\n", line.Seq, line.At, line.Kind, body)
	return err
}

// describe puts a body into words.
func describe(body record.Body) string {
	switch b := body.(type) {
	case *record.Boot:
		return fmt.Sprintf("%s, version %s", b.Reason, b.Version)
	case *record.Intent:
		return fmt.Sprintf("%s  order %s/%d  %s %s", b.Payment, b.Order, b.Attempt, b.Tender, pos.Money{Amount: b.Amount, Currency: b.Currency})
	case *record.Presented:
		return strings.TrimSpace(fmt.Sprintf("%s  %s  %s", b.Payment, b.Scheme, quoted(b.QR)))
	case *record.PlatformResult:
		if b.Decision == nil {
			return fmt.Sprintf("%s  number %d  %s", b.Payment, b.N, b.Note)
		}
		return fmt.Sprintf("%s  number %d  %s", b.Payment, b.N, decisionWords(b.Decision))
	case *record.Result:
		return fmt.Sprintf("%s  %s", b.Payment, decisionWords(&b.Decision))
	case *record.Confirmed:
		return b.Payment.String()
	case *record.Resolution:
		return fmt.Sprintf("%s  %s by %s: %s", b.Payment, b.Status, b.Evidence, b.Text)
	}
	return describeDay(body)
}

// quoted keeps a payload with line ends on one line; "" stays "".
func quoted(text string) string {
	if text == "" {
		return ""
	}
	return strconv.Quote(text)
}

func decisionWords(d *record.Decision) string {
	words := fmt.Sprintf("%s %s", d.Status, pos.Money{Amount: d.Amount, Currency: d.Currency})
	if d.Trace != "" {
		words += "  trace " + d.Trace
	}
	return words
}

func (f *dataFlags) totals(c *cobra.Command, _ []string) error {
	r, err := journal.OpenReader(f.paths().Journal)
	if err != nil {
		return err
	}
	defer r.Close()
	totals, err := r.Totals()
	if err != nil {
		return damaged(err)
	}
	if f.json {
		return writeJSON(c.OutOrStdout(), map[string]any{"totals": totals})
	}
	printTotals(c.OutOrStdout(), totals)
	return nil
}

func (f *dataFlags) rebuild(c *cobra.Command, _ []string) error {
	result, err := journal.Rebuild(f.paths().Journal, f.paths().Views)
	if err != nil {
		return damagedOr(err)
	}
	if f.json {
		return writeJSON(c.OutOrStdout(), result)
	}
	c.Printf("%d payments out of %d records, dump %s\n", result.Payments, result.Records, result.Dump)
	return nil
}
