package scenario

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/acquirer"
	"github.com/tillproof/tillproof/simulator/network"
	proto "github.com/tillproof/tillproof/sync/acquirer"
)

// bank is the demo's acquirer: its books, the customers that are planned for it, and the line on which the platform reaches it.
// It lives in the demo's own process, so that no kill of the platform takes its memory. Its methods are safe for concurrent use.
type bank struct {
	*acquirer.Acquirer
	secret string
	server *http.Server
	line   *network.Proxy // between the platform and the acquirer
	keeper *keeper        // writes the books to disk

	mu      sync.Mutex
	byCode  map[[sha256.Size]byte]acquirer.Customer // who shows a code
	byOrder map[pos.OrderRef]acquirer.Customer      // who pays an order
	issues  []acquirer.Customer                     // who pays the next issued QRs
	calls   []bankCall
	heard   func(bankCall) // before a call is carried out
	done    func(bankCall) // after it, before the answer leaves
}

// bankCall is a call that asks for money, as the acquirer has received it. It never holds a customer's code.
type bankCall struct {
	Op        string // authorise, issue or expect
	Ref       string
	Order     pos.OrderRef
	Amount    pos.Money
	Reference string // of expect
}

// openBank makes an acquirer and listens on loopback.
func openBank(books string) (*bank, error) {
	raw := make([]byte, 16)
	rand.Read(raw) // never fails since Go 1.24
	b := &bank{Acquirer: acquirer.New(), secret: hex.EncodeToString(raw), byCode: map[[sha256.Size]byte]acquirer.Customer{},
		byOrder: map[pos.OrderRef]acquirer.Customer{}}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	b.server = &http.Server{Handler: proto.Handler(b, b.secret), ReadHeaderTimeout: 5 * time.Second}
	if b.line, err = network.New("127.0.0.1:0", l.Addr().String()); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	if b.keeper, err = keepBooks(books, b.Acquirer); err != nil {
		return nil, errors.Join(err, l.Close(), b.line.Close())
	}
	b.keeper.workers.Go(func() { _ = b.server.Serve(l) }) // ends when it is closed
	return b, nil
}

// url is where the platform finds the acquirer, behind the line that can be cut.
func (b *bank) url() string { return "http://" + b.line.Addr() }

// Close ends the acquirer and writes its books for the last time.
func (b *bank) Close() error { return errors.Join(b.line.Close(), b.server.Close(), b.keeper.close()) }

// watch says who is told of each call that asks for money, before and after it is carried out; nil for nobody.
func (b *bank) watch(heard, done func(bankCall)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.heard, b.done = heard, done
}

// planCode says who shows a code.
func (b *bank) planCode(code string, c acquirer.Customer) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.byCode[sha256.Sum256([]byte(code))] = c
}

// planOrder says who pays an order.
func (b *bank) planOrder(order pos.OrderRef, c acquirer.Customer) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.byOrder[order] = c
}

// nextQR says who pays the next QR that the acquirer issues. Several queue up.
func (b *bank) nextQR(c acquirer.Customer) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.issues = append(b.issues, c)
}

// receive notes a call and plans the order's customer when it is the first of its ref.
func (b *bank) receive(c bankCall, code string) {
	b.mu.Lock()
	first := true
	for _, earlier := range b.calls {
		first = first && earlier.Ref != c.Ref
	}
	b.calls = append(b.calls, c)
	customer, planned := b.byOrder[c.Order]
	if holder, shows := b.byCode[sha256.Sum256([]byte(code))]; shows && code != "" {
		customer, planned = holder, true
	}
	if first && !planned && c.Op == "issue" && len(b.issues) > 0 {
		customer, planned, b.issues = b.issues[0], true, b.issues[1:]
	}
	tell := b.heard
	b.mu.Unlock()
	if first && planned {
		b.Plan(c.Ref, customer)
	}
	if tell != nil {
		tell(c)
	}
}

func (b *bank) answered(c bankCall) {
	b.mu.Lock()
	tell := b.done
	b.mu.Unlock()
	if tell != nil {
		tell(c)
	}
}

// Authorise is [proto.Acquirer.Authorise].
func (b *bank) Authorise(ctx context.Context, order proto.Order, code string) (proto.Answer, error) {
	c := bankCall{Op: "authorise", Ref: order.Ref, Order: order.OrderRef, Amount: order.Amount}
	b.receive(c, code)
	defer b.answered(c)
	return b.Acquirer.Authorise(ctx, order, code)
}

// Issue is [proto.Acquirer.Issue].
func (b *bank) Issue(ctx context.Context, order proto.Order, ttl time.Duration) (proto.Issued, error) {
	c := bankCall{Op: "issue", Ref: order.Ref, Order: order.OrderRef, Amount: order.Amount}
	b.receive(c, "")
	defer b.answered(c)
	return b.Acquirer.Issue(ctx, order, ttl)
}

// Expect is [proto.Acquirer.Expect].
func (b *bank) Expect(ctx context.Context, order proto.Order, reference string) error {
	c := bankCall{Op: "expect", Ref: order.Ref, Order: order.OrderRef, Amount: order.Amount, Reference: reference}
	b.receive(c, "")
	defer b.answered(c)
	return b.Acquirer.Expect(ctx, order, bare(reference))
}
