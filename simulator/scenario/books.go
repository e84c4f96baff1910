package scenario

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/acquirer"
	proto "github.com/tillproof/tillproof/sync/acquirer"
)

// BooksFile is the name of the acquirer's books in a demo's devices folder.
const BooksFile = "acquirer.json"

// booksEvery is how often changed books are written while the demo runs.
const booksEvery = 250 * time.Millisecond

// Books are what the demo's acquirer itself holds, written without asking till or platform.
type Books struct {
	Accounts []BookedOrder `json:"accounts"`
	Loose    []pos.Money   `json:"loose"` // money that came with a reference which nobody expects, by currency
}

// BookedOrder is one order in the acquirer's books. Net is in minor units: what came less what went back.
type BookedOrder struct {
	Ref         string       `json:"ref"` // the payment's id as 32 hex digits
	Till        pos.TillID   `json:"till,omitempty"`
	Order       pos.OrderRef `json:"order,omitempty"`
	Tender      pos.Tender   `json:"tender,omitempty"`
	Scheme      string       `json:"scheme,omitempty"`
	State       proto.State  `json:"state"`
	Net         pos.Minor    `json:"net"`
	Currency    pos.Currency `json:"currency,omitempty"`
	Charges     int          `json:"charges"` // how often money came
	Transaction string       `json:"transaction,omitempty"`
}

// Payment is the payment that an order is for.
func (b *BookedOrder) Payment() (id pos.PaymentID, err error) {
	raw, err := hex.DecodeString(b.Ref)
	if err != nil {
		return id, err
	}
	return id, id.UnmarshalBinary(raw)
}

// ReadBooks reads the file that a demo has written. An error of fs.ErrNotExist says that there was no acquirer.
func ReadBooks(path string) (Books, error) {
	var b Books
	text, err := os.ReadFile(path)
	if err != nil {
		return b, err
	}
	return b, json.Unmarshal(text, &b)
}

// keeper writes an acquirer's books to a file: soon after each change, so that also a demo that is killed leaves them, and when
// it is closed.
type keeper struct {
	path    string
	bank    *acquirer.Acquirer
	earlier Books // of demos that used the folder before: this acquirer does not know them
	changed chan struct{}
	stop    chan struct{}
	workers sync.WaitGroup
	writing sync.Mutex
}

// numbers is a number that no transaction of the books has. What went back has numbers too, which the books do not hold; they lie below the next million.
func (b *Books) numbers() int {
	highest := 0
	for i := range b.Accounts {
		n, err := strconv.Atoi(strings.TrimLeft(b.Accounts[i].Transaction, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
		if err == nil {
			highest = max(highest, n)
		}
	}
	if highest == 0 {
		return 0
	}
	return (highest/1_000_000 + 1) * 1_000_000
}

// keepBooks begins to keep the books of an acquirer that has none yet.
func keepBooks(path string, bank *acquirer.Acquirer) (*keeper, error) {
	earlier, err := ReadBooks(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	bank.GoOn(earlier.numbers())
	k := &keeper{path: path, bank: bank, earlier: earlier, changed: make(chan struct{}, 1), stop: make(chan struct{})}
	bank.Observe(func(acquirer.Event) {
		select {
		case k.changed <- struct{}{}:
		default:
		}
	})
	k.workers.Go(k.run)
	return k, k.write()
}

func (k *keeper) run() {
	for {
		select {
		case <-k.stop:
			return
		case <-k.changed:
		}
		_ = k.write() // written again at the end, where an error is told
		select {
		case <-k.stop:
			return
		case <-time.After(booksEvery):
		}
	}
}

func (k *keeper) close() error {
	close(k.stop)
	k.workers.Wait()
	return k.write()
}

// books are the earlier ones and those of now.
func (k *keeper) books() (Books, error) {
	b := Books{Accounts: append([]BookedOrder{}, k.earlier.Accounts...), Loose: append([]pos.Money{}, k.earlier.Loose...)}
	booked := map[pos.Currency]pos.Minor{}
	total, err := k.bank.Totals()
	if err != nil {
		return b, err
	}
	for _, a := range k.bank.Accounts() {
		b.Accounts = append(b.Accounts, BookedOrder{Ref: a.Order.Ref, Till: a.Order.Till, Order: a.Order.OrderRef, Tender: a.Tender, Scheme: a.Order.Scheme,
			State: a.State, Net: a.Net.Amount, Currency: a.Net.Currency, Charges: a.Charges, Transaction: a.Transaction})
		if a.Tender == pos.QR {
			booked[a.Net.Currency] += a.Net.Amount
		}
	}
	for c, sum := range total[pos.QR] {
		if loose := sum.Amount - booked[c]; loose > 0 {
			b.Loose = append(b.Loose, pos.Money{Amount: loose, Currency: c})
		}
	}
	return b, nil
}

// write replaces the file in one step.
func (k *keeper) write() error {
	k.writing.Lock()
	defer k.writing.Unlock()
	b, err := k.books()
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(b, "", "  ")
	if err != nil {
		return err
	}
	next := k.path + ".next"
	if err := os.WriteFile(next, append(text, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(next, k.path)
}
