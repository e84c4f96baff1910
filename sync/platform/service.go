package platform

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/gofrs/flock"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/sync/broker"
	"github.com/tillproof/tillproof/sync/mqtt"
	"github.com/tillproof/tillproof/sync/platform/database"
	"github.com/tillproof/tillproof/sync/platform/enrolled"
	"github.com/tillproof/tillproof/sync/platform/health"
	"github.com/tillproof/tillproof/sync/platform/leases"
	"github.com/tillproof/tillproof/sync/platform/messages"
	"github.com/tillproof/tillproof/sync/platform/office"
	"github.com/tillproof/tillproof/sync/platform/pki"
	"github.com/tillproof/tillproof/sync/platform/presence"
	"github.com/tillproof/tillproof/sync/platform/registry"
	"github.com/tillproof/tillproof/sync/platform/work"
	"github.com/tillproof/tillproof/sync/wire"
)

// Options of [Serve] beside the configuration.
type Options struct {
	Log     *slog.Logger // nil for none
	Version string       // of the program, for people
	// Ready is called once, when the ledger is open and the HTTP address is in use, with that address ("" for none). The broker
	// may be away then.
	Ready func(address string)
	// Scale stretches the pauses between connections to the broker; 0 means 1.
	Scale float64
}

// Service is a running platform. Serve owns all its goroutines.
type Service struct {
	config  Config
	opts    Options
	signer  *cose.Signer
	seal    *cose.Opener // of card data that tills send
	codec   *wire.Codec
	tills   *Tills
	db      *database.DB   // of the ledger and of every other part; each has tables of its own
	leases  *leases.Leases // the partitions that are this replica's; nil with SQLite
	lock    *flock.Flock   // with SQLite: there is one replica
	custody *Custody
	ledger  *Ledger // for the HTTP pages
	work    *work.Work
	holds   func(pos.TillID) bool // which tills are this replica's; nil for all

	registry *registry.Registry
	pki      *pki.PKI
	follower *enrolled.Follower // of who is enrolled
	office   *office.Office
	parts    []part // that have routes of their own
	intake   *intake

	presence *presence.Presence
	health   *health.Health
	meter    meter

	acquirers *acquirers
	messages  *messages.Messages // what was said to them
	merchants merchants
}

// Serve runs a platform until the context ends; then it returns nil. It fails with a *pos.Error when the key, the database or the
// HTTP address cannot be used. A broker that is away is waited for.
func Serve(ctx context.Context, config Config, o Options) error {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Service{config: config, opts: o}
	defer s.close()
	if err := s.open(ctx); err != nil {
		return err
	}
	listener, err := s.listen()
	if err != nil {
		return unusable("http_unusable", "The HTTP address of the platform cannot be used.", err)
	}
	return s.run(ctx, listener)
}

func (s *Service) open(ctx context.Context) (err error) {
	if err := s.openDatabase(ctx); err != nil {
		return unusable("database_unusable", "The ledger's database cannot be used.", err)
	}
	if err := s.openOffice(ctx); err != nil {
		return err
	}
	if s.signer, err = cose.LoadOrCreate(s.config.Keys); err != nil {
		return unusable("key_unusable", "The platform's key cannot be read or made.", err)
	}
	if s.seal, err = s.config.openSeal(); err != nil {
		return unusable("key_unusable", "The key of what is sealed to the platform cannot be read or made.", err)
	}
	keys, _, err := s.config.register()
	if err != nil {
		return err
	}
	if s.tills, err = NewTills(keys); err != nil {
		return err
	}
	if s.codec, err = wire.NewCodec(); err != nil {
		return err
	}
	if s.custody, err = newCustody(ctx, s.db); err != nil {
		return unusable("database_unusable", "The ledger cannot be used.", err)
	}
	if err = s.openReplicas(ctx); err != nil {
		return unusable("database_unusable", "The ledger cannot be served.", err)
	}
	if s.work, err = work.Open(ctx, s.db); err != nil {
		return unusable("database_unusable", "The list of work cannot be used.", err)
	}
	s.custody.work = s.work
	s.parts = append(s.parts, s.work)
	if err = s.openTrust(ctx); err != nil {
		return unusable("database_unusable", "The tills' keys cannot be read.", err)
	}
	if err = s.openOperate(ctx); err != nil {
		return unusable("database_unusable", "The platform's database takes no writes.", err)
	}
	if s.ledger, err = newLedger(ctx, s.db); err != nil {
		return unusable("database_unusable", "The ledger cannot be read.", err)
	}
	if s.acquirers, err = newAcquirers(s.config.Acquirers, s.config.Wallet.settings().Workers); err != nil {
		return unusable("secret_unusable", "The secret of an acquirer cannot be read.", err)
	}
	s.acquirers.cards = &cards{s.db, s.seal, s.codec}
	s.acquirers.owner, s.custody.route, s.custody.forward = taskStore{s.custody}.ownerOf, s.acquirers.route, s.acquirers.forwards()
	if s.messages, err = messages.Open(ctx, s.db); err != nil {
		return unusable("database_unusable", "The messages of acquirers cannot be kept.", err)
	}
	s.acquirers.watch(s.messages.Of)
	s.custody.merchant = s.merchants.of
	if err = s.learnMerchants(ctx); err != nil {
		return unusable("database_unusable", "It cannot be read whose the tills are.", err)
	}
	s.parts = append(s.parts, s.messages)
	return s.openSettle(ctx)
}

// openDatabase opens the one database of the platform, before everything else.
func (s *Service) openDatabase(ctx context.Context) (err error) {
	if !database.IsPostgres(s.config.Database) {
		if err := os.MkdirAll(filepath.Dir(s.config.Database), 0o700); err != nil {
			return err
		}
	}
	s.db, err = database.Open(ctx, s.config.Database)
	return err
}

func (s *Service) close() {
	if s.acquirers != nil {
		s.acquirers.close()
	}
	defer s.unlock()
	if s.db != nil {
		if err := s.db.Close(); err != nil {
			s.opts.Log.Error("the ledger was not closed cleanly; nothing that was acknowledged is lost", "error", err)
		}
	}
}

func unusable(code pos.ErrorCode, text string, err error) error {
	return pos.NewError(code, pos.Transient, pos.NoneMoved, text, "Mend it and start again; the tills keep their records until then.").Because(err)
}

// run serves until the context ends. What was taken in but not committed by then is sent again by the tills.
func (s *Service) run(ctx context.Context, listener net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s.intake = newIntake(s)
	desk := newDesk(s.intake)
	var group sync.WaitGroup
	defer group.Wait()
	defer cancel()
	address := ""
	if listener != nil {
		address = listener.Addr().String()
		group.Go(func() { s.serveHTTP(ctx, listener) })
	}
	group.Go(func() { s.runReplica(ctx) })
	group.Go(func() { s.intake.run(ctx) })
	group.Go(func() { desk.run(ctx) })
	group.Go(func() { s.presence.Run(ctx, s.unkept) })
	group.Go(func() { s.health.Run(ctx, s.unwritten) })
	group.Go(func() { (&recaller{intake: s.intake}).run(ctx) })
	group.Go(func() { s.follower.Run(ctx) })
	group.Go(func() { s.publishKeys(ctx) })
	group.Go(func() { s.publishPolicies(ctx) })
	s.opts.Log.Info("the platform is ready", "ledger", database.Name(s.config.Database), "public_key", hex.EncodeToString(s.signer.Public()), "http", address)
	if s.opts.Ready != nil {
		s.opts.Ready(address)
	}
	err := mqtt.Keep(ctx, s.mqtt(), s.intake.serve)
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// mqtt says how to connect: under a name of its own each time, so that an old connection is never in the way.
func (s *Service) mqtt() mqtt.Options {
	return mqtt.Options{
		Broker: s.config.Broker, ClientID: broker.PlatformPrefix + strings.ToLower(rand.Text()[:12]), User: broker.PlatformUser,
		Subscribe: s.subscriptions(), Handler: s.intake.receive, Log: s.opts.Log, Scale: s.opts.Scale,
		Secure: mqtt.NewSecrets(s.config.brokerFiles(), s.opts.Log).Config,
	}
}

// subscriptions are what is asked for on each connection: everything, or with leases nothing, since partitions come and go.
func (s *Service) subscriptions() []string {
	if s.leases != nil {
		return nil
	}
	return filters()
}

// reserved says whether a till id could pass for the platform at the broker.
func reserved(till pos.TillID) bool {
	return strings.HasPrefix(string(till), broker.PlatformPrefix) || string(till) == broker.PlatformUser
}

// listen opens the HTTP address, if there is one.
func (s *Service) listen() (net.Listener, error) {
	if s.config.Listen == "" {
		return nil, nil
	}
	l, err := net.Listen("tcp", s.config.Listen)
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	return s.secure(l)
}
