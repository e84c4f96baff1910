package reconcile

import (
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/view"
)

// Custody proves a ledger by its own records: it follows their chains and signatures, folds them again, and holds the ledger's rows against the outcome. It
// shares no code with what wrote the ledger, but for the meaning of records. Marks come first, then for each till and epoch the records in the order of
// their numbers with [Custody.Record] and that epoch's lost branches with [Custody.Fork], epochs in the order of their ids; then Close, then the rows.
type Custody struct {
	codec *record.Codec
	enc   encoder
	zone  func(pos.TillID) *time.Location
	owner func(pos.TillID) pos.MerchantID
	cut   func(pos.TillID, pos.Epoch, pos.Seq) bool // see [Known]

	keys    map[pos.TillID]map[cose.KeyID]cose.PublicKey // nil: signatures are not checked
	learned map[pos.TillID]map[string]bool               // public keys that records have named: false until a row names it too
	marks   map[epochOf]*mark
	moved   map[pos.TillID]int64 // when the last record of each till came
	at      *chain               // of the epoch that is read now
	tills   map[pos.TillID]*view.Till
	pages   map[pos.PaymentID]*page
	foreign map[foreignKey]*page
	orphans map[foreignKey]*Payment
	totals  []TerminalTotal
	list    []Difference
}

type epochOf struct {
	till  pos.TillID
	epoch pos.Epoch
}

type foreignKey struct {
	payment pos.PaymentID
	till    pos.TillID
}

// mark is how far the ledger says that it holds an epoch.
type mark struct {
	head  record.Head
	moved int64
	read  bool
}

// page is a payment that the records fold into.
type page struct {
	till      pos.TillID
	payment   *view.Payment
	fork      bool
	day       string
	business  string
	delivered int64
	steps     []Step
	told      bool // a row of the ledger was held against it
}

// Stored is a row of records or forks, column by column.
type Stored struct {
	Till       pos.TillID
	Epoch      pos.Epoch
	Seq        pos.Seq
	Hash       record.Hash // of a lost branch: as the row says
	Kind       record.Kind
	Payment    pos.PaymentID // zero for none
	Held       string        // why it was set aside, "" when it was not
	ReceivedAt int64         // milliseconds since 1970-01-01 UTC of the platform's clock
	Raw        []byte
	Signature  []byte // nil but for the last record of a batch
}

// Known is what a ledger is proved by, beside itself.
type Known struct {
	// Keys are those that the tills were enrolled with; those that records themselves name later are learned. Nil: signatures are not checked.
	Keys  map[pos.TillID][]cose.PublicKey
	Zone  func(pos.TillID) *time.Location // of a till's calendar; nil: UTC for all
	Owner func(pos.TillID) pos.MerchantID // whose till it is, "" when nobody knows; nil: nobody knows

	// Cut says whether a key was revoked with this record as the last one that counts. A batch that reached beyond it was cut there, and what was refused took
	// the signature along. Nil: no key was revoked.
	Cut func(till pos.TillID, epoch pos.Epoch, seq pos.Seq) bool
}

// NewCustody begins.
func NewCustody(known Known) (*Custody, error) {
	codec, err := record.NewCodec()
	if err != nil {
		return nil, err
	}
	enc, err := newEncoder()
	if err != nil {
		return nil, err
	}
	if known.Zone == nil {
		known.Zone = func(pos.TillID) *time.Location { return time.UTC }
	}
	if known.Owner == nil {
		known.Owner = func(pos.TillID) pos.MerchantID { return "" }
	}
	if known.Cut == nil {
		known.Cut = func(pos.TillID, pos.Epoch, pos.Seq) bool { return false }
	}
	c := &Custody{codec: codec, enc: enc, zone: known.Zone, owner: known.Owner, cut: known.Cut, learned: map[pos.TillID]map[string]bool{}, marks: map[epochOf]*mark{}, moved: map[pos.TillID]int64{}, tills: map[pos.TillID]*view.Till{}, pages: map[pos.PaymentID]*page{},
		foreign: map[foreignKey]*page{}, orphans: map[foreignKey]*Payment{}}
	if known.Keys != nil {
		c.keys = map[pos.TillID]map[cose.KeyID]cose.PublicKey{}
	}
	for till, list := range known.Keys {
		for _, key := range list {
			c.learn(till, key)
		}
	}
	return c, nil
}

func (c *Custody) learn(till pos.TillID, key cose.PublicKey) {
	if c.keys == nil {
		return
	}
	if c.keys[till] == nil {
		c.keys[till] = map[cose.KeyID]cose.PublicKey{}
	}
	c.keys[till][cose.IDOf(key)] = slices.Clone(key)
}

// wrong notes that the ledger contradicts itself.
func (c *Custody) wrong(payment pos.PaymentID, cause string, args ...any) {
	var id *pos.PaymentID
	if !payment.IsZero() {
		id = &payment
	}
	d := difference("ledger_self", id, cause, "The ledger was changed behind the platform's back: restore it from a backup, or have the tills send again what they still hold.", args...)
	d.Kind = Consistency
	c.list = append(c.list, d)
}

// Mark takes a row of marks.
func (c *Custody) Mark(till pos.TillID, head record.Head, movedAt int64) {
	k := epochOf{till, head.Epoch}
	if c.marks[k] != nil {
		c.wrong(pos.PaymentID{}, "Epoch %s of till %s has two marks.", head.Epoch, till)
	}
	c.marks[k], c.moved[till] = &mark{head: head, moved: movedAt}, max(c.moved[till], movedAt)
}

// Close ends the last chain and says what no record was read of.
func (c *Custody) Close() {
	c.endChain()
	for _, k := range slices.SortedFunc(maps.Keys(c.marks), epochOf.compare) {
		if m := c.marks[k]; !m.read {
			c.wrong(pos.PaymentID{}, "The ledger says that it holds %d records of epoch %s of till %s, and holds none.", m.head.Seq, k.epoch, k.till)
		}
	}
}

// Differences are what was found so far.
func (c *Custody) Differences() []Difference { return c.list }

// TerminalTotals are what card terminals said at the end of a day, by the records.
func (c *Custody) TerminalTotals() []TerminalTotal { return c.totals }

// Payments are what the records fold into, in the order of their ids, and those of which only some records could be folded.
func (c *Custody) Payments() (whole, orphans []Payment) {
	for _, id := range slices.SortedFunc(maps.Keys(c.pages), compareIDs) {
		p := c.pages[id].column()
		p.Merchant = c.owner(p.Till)
		whole = append(whole, p)
	}
	for _, k := range slices.SortedFunc(maps.Keys(c.orphans), func(a, b foreignKey) int { return compareIDs(a.payment, b.payment) }) {
		orphans = append(orphans, *c.orphans[k])
	}
	return whole, orphans
}

// Given are what tills have given back of payments that others have taken.
func (c *Custody) Given() []Given {
	var list []Given
	for k, p := range c.foreign {
		list = append(list, Given{Payment: k.payment, Till: k.till, Amount: p.payment.Returned, Acquirer: throughAcquirer(p.payment)})
	}
	slices.SortFunc(list, func(a, b Given) int { return compareIDs(a.Payment, b.Payment) })
	return list
}

func (p *page) column() Payment {
	out := PaymentOf(p.payment)
	out.Till, out.Day, out.Business, out.Delivered, out.Steps, out.Folded = p.till, p.day, p.business, p.delivered, p.steps, true
	return out
}

// errPlace says that a record is not the one that its row names.
var errPlace = errors.New("it is another record than its row says")
