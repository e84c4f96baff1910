package agent

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/tillproof/tillproof/agent/api"
	"github.com/tillproof/tillproof/agent/engine"
	"github.com/tillproof/tillproof/agent/goods"
	"github.com/tillproof/tillproof/agent/people"
	"github.com/tillproof/tillproof/agent/ui"
	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/trace"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/journal"
	"github.com/tillproof/tillproof/sync/calls"
	"github.com/tillproof/tillproof/sync/mqtt"
	"github.com/tillproof/tillproof/sync/outbox"
	"github.com/tillproof/tillproof/sync/wire"
)

// Options of a run.
type Options struct {
	Version string
	Log     *slog.Logger         // nil for none
	Ready   func(address string) // called once the API answers at http://address
}

// Paths are the places of a till's files in its data folder.
type Paths struct{ Journal, Views, Key, Token, Sessions, People, Webhooks, Provision, Vault string }

// PathsIn lists the files of a till whose data lie in dir.
func PathsIn(dir string) Paths {
	return Paths{Journal: filepath.Join(dir, "journal"), Views: filepath.Join(dir, "views.db"),
		Key: filepath.Join(dir, "keys", "till.pem"), Token: filepath.Join(dir, "api-token"),
		Sessions: filepath.Join(dir, "sessions"), People: filepath.Join(dir, "people.json"),
		Webhooks: filepath.Join(dir, "webhooks.json"), Provision: filepath.Join(dir, "config-from-platform"),
		Vault: filepath.Join(dir, "vault")}
}

// till is a running agent and the owner of its goroutines.
type till struct {
	config   Config
	opts     Options
	journal  *journal.Journal
	engine   *engine.Engine
	uplink   *uplink
	signer   *cose.Signer
	goods    *goods.Goods // nil for none
	sessions *api.Sessions
	policies *policies
	taps     map[pos.DeviceName]*trace.Tap // of the devices' wires

	platformClock platformClock

	keys    *keyring     // nil when no platform is configured
	configs *configuring // the same
	people  *people.People
	hub     api.Hub
	token   string
	workers sync.WaitGroup
}

// Run runs a till until ctx ends or its journal stops. The end of ctx lets sales under way finish, within a bound.
func Run(ctx context.Context, config Config, opts Options) error {
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	paths := PathsIn(config.Data)
	if err := os.MkdirAll(config.Data, 0o700); err != nil {
		return errDisk(config.Data, err)
	}
	signer, err := cose.LoadOrCreate(paths.Key)
	if err != nil {
		return errDisk(paths.Key, err)
	}
	opts.Log.Info("this till's records are signed", "till", config.Till, "public_key", hex.EncodeToString(signer.Public()))
	next, err := NextKey(paths, false)
	if err != nil {
		return errDisk(filepath.Join(filepath.Dir(paths.Key), nextKeyFile), err)
	}
	token, err := loadToken(paths.Token)
	if err != nil {
		return errDisk(paths.Token, err)
	}
	sessions, err := api.OpenSessions(paths.Sessions)
	if err != nil {
		return errDisk(paths.Sessions, err)
	}
	staff, err := openPeople(paths.People, opts.Log)
	if err != nil {
		return err
	}
	stock, err := config.stock()
	if err != nil {
		return err
	}
	j, err := journal.Open(journal.Options{Dir: paths.Journal, Views: paths.Views, Till: config.Till, Signer: signer, Version: opts.Version,
		Clock: journal.SystemClock, Segment: config.Journal.SegmentMiB << 20, Next: next})
	if err != nil {
		return err
	}
	if signer, err = cose.Load(paths.Key); err != nil { // a key change that was cut is finished now
		return errors.Join(errDisk(paths.Key, err), j.Close())
	}
	t := &till{policies: newPolicies(), taps: config.newTaps(), config: config, opts: opts, journal: j, token: token, signer: signer, goods: stock, sessions: sessions, people: staff}
	return errors.Join(t.run(ctx), j.Close())
}

func (t *till) run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	pump, err := t.makeUplink()
	if err != nil {
		return err
	}
	if err := t.makeEngine(); err != nil {
		return err
	}
	options := t.apiOptions(ctx)
	if options.Couriers, err = t.newCouriers(); err != nil {
		return err
	}
	hooks, err := t.openWebhooks(options)
	if err != nil {
		return err
	}
	options.Webhooks = hooks
	listener, err := net.Listen("tcp", t.config.API.Listen)
	if err != nil {
		return errListen(t.config.API.Listen, err)
	}
	if err := t.startDevices(ctx); err != nil {
		return errors.Join(err, listener.Close())
	}
	if pump != nil {
		t.workers.Go(func() { _ = pump(ctx) }) // ends with ctx only
		t.workers.Go(func() { t.keys.run(ctx) })
		t.workers.Go(func() { t.configs.run(ctx) })
		t.workers.Go(func() { t.renewCertificate(ctx) })
	}
	t.workers.Go(func() { t.engine.Run(ctx) })
	t.workers.Go(func() { t.takePolicies(ctx) })
	t.workers.Go(func() { t.watchJournal(ctx, cancel) })
	t.workers.Go(func() { t.retain(ctx) })
	t.workers.Go(func() { hooks.Run(ctx) })
	err = t.serveAPI(ctx, listener, options)
	cancel(err)
	t.workers.Wait()
	if stopped := context.Cause(ctx); stopped != nil && !errors.Is(stopped, context.Canceled) {
		return errors.Join(err, stopped)
	}
	return err
}

// makeUplink prepares the way to the platform and returns the function that runs it, nil when no platform is configured.
func (t *till) makeUplink() (run func(context.Context) error, err error) {
	src := newSource(t.journal, t.config.Till)
	if t.config.Platform.Broker == "" {
		t.uplink = newUplink(src, nil, nil)
		return nil, nil
	}
	key, err := cose.ParsePublicKey(t.config.Platform.RootKey)
	if err != nil {
		return nil, err
	}
	codec, err := wire.NewCodec()
	if err != nil {
		return nil, err
	}
	if t.keys, err = openKeyring(filepath.Dir(PathsIn(t.config.Data).Key), key, codec, t.opts.Log); err != nil {
		return nil, err
	}
	if err := src.restore(codec, t.keys.kept(wire.UseAck)); err != nil {
		return nil, err
	}
	if t.configs, err = openConfiguring(PathsIn(t.config.Data).Provision, t.config.Till, t.journal, t.keys.kept(wire.UsePolicy), t.keys.forUse(wire.UsePolicy),
		t.opts.Log); err != nil {
		return nil, err
	}
	out, err := outbox.New(outbox.Options{Till: t.config.Till, Merchant: t.config.Merchant, Source: src, Platform: t.keys.forUse(wire.UseAck), Codec: codec, Log: t.opts.Log})
	if err != nil {
		return nil, err
	}
	caller := calls.New(calls.Options{Till: t.config.Till, Merchant: t.config.Merchant, Signer: t.signer, Platform: t.keys.forUse(wire.UseReply), Hints: t.keys.forUse(wire.UseEvent), Codec: codec, Log: t.opts.Log,
		Clock: t.platformClock.now})
	t.uplink = newUplink(src, out, caller)
	t.uplink.platform = t.keys.kept(wire.UsePolicy)
	topic := wire.Topic{Merchant: t.config.Merchant, Till: t.config.Till}
	secrets := mqtt.NewSecrets(t.config.Platform.files(), t.opts.Log)
	options := mqtt.Options{Broker: t.config.Platform.Broker, Secure: secrets.Config, ClientID: string(t.config.Till), User: string(t.config.Till),
		Subscribe: []string{topic.On(wire.DownAck), topic.On(wire.DownReply), topic.On(wire.DownEvent), topic.On(wire.DownPolicy), topic.On(wire.DownKeys), topic.On(wire.DownConfig)}, Log: t.opts.Log, Again: t.uplink.again, Spread: spread,
		Handler: func(name string, payload []byte) {
			switch name {
			case topic.On(wire.DownAck):
				out.Receive(payload)
			case topic.On(wire.DownReply):
				caller.Receive(payload)
			case topic.On(wire.DownEvent):
				caller.Hint(payload)
			case topic.On(wire.DownPolicy):
				t.policies.receive(payload)
			case topic.On(wire.DownKeys):
				t.keys.receive(payload)
			case topic.On(wire.DownConfig):
				t.configs.receive(payload)
			}
		}}
	here := &presence{till: t, codec: codec, topic: topic.On(wire.UpBirth)}
	options.Will = here.will
	return func(ctx context.Context) error {
		return mqtt.Keep(ctx, options, func(ctx context.Context, c *mqtt.Conn) error {
			caller.Attach(ctx, c)
			defer t.platformClock.attend(ctx, caller, t.journal)()
			defer here.attend(ctx, c)()
			return out.Run(ctx, c)
		})
	}, nil
}

// makeEngine gives the engine what the configuration names.
func (t *till) makeEngine() (err error) {
	o := engine.Options{Till: t.config.Till, Journal: t.journal, Devices: t.config.names(drivers.KindCard), Scanners: t.config.names(drivers.KindScanner),
		Tenders: t.config.Tenders, Mode: t.uplink.paymentMode, Log: t.opts.Log, Lacks: t.config.lacks()}
	if t.uplink.caller != nil {
		o.Platform, o.PlatformKeys, o.Away = t.uplink.caller, t.uplink.platform, t.uplink.away
	}
	if t.people != nil {
		o.People = t.people
	}
	o.Currency = t.config.Currency
	if step := t.config.CashRounding; step > 0 {
		o.CashSteps = map[pos.Currency]pos.Minor{t.config.Currency: step}
	}
	o.Hotlist = t.configs.hotlist
	o.Codes = t.configs.codes
	if o.Zone, err = time.LoadLocation(t.config.Timezone); err != nil {
		return err
	}
	if o.QR, err = t.config.qrs(); err != nil {
		return err
	}
	if o.CodeKey, err = t.signer.Secret("tillproof/customer-code/1"); err != nil {
		return err
	}
	if t.goods != nil {
		o.Goods = t.goods
	}
	if err = t.openVault(&o); err != nil {
		return err
	}
	t.engine, err = engine.New(o)
	return err
}

func (t *till) startDevices(ctx context.Context) error {
	for _, d := range t.config.Devices {
		driver, err := findDriver(d, t.config.Currency)
		if err != nil {
			return err
		}
		s := &supervisor{config: d, driver: driver, currency: t.config.Currency, engine: t.engine, scanned: t.hub.Scan, tap: t.taps[d.Name], log: t.opts.Log.With("device", d.Name)}
		t.workers.Go(func() { s.run(ctx) })
	}
	return nil
}

// watchJournal ends the agent when the disk has failed: a restart opens the journal anew and finds out what is in it.
func (t *till) watchJournal(ctx context.Context, cancel context.CancelCauseFunc) {
	for {
		changed := t.journal.Changed()
		if err := t.journal.Stopped(); err != nil {
			cancel(pos.NewError("journal_stopped", pos.Permanent, pos.MoneyUnknown, "The journal has stopped because the disk failed.",
				"Start the agent again; it asks the devices what became of open payments. If it stops again, replace the disk.").Because(err))
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-changed:
		}
	}
}

// apiOptions are what the API shows until ctx ends.
func (t *till) apiOptions(ctx context.Context) api.Options {
	options := api.Options{Till: t.config.Till, Version: t.opts.Version, Engine: t.engine, Journal: t.journal, Sync: t.uplink, Data: t.config.Data,
		Token: t.token, AllowedHosts: t.config.API.AllowedHosts, Drivers: t.config.driverInfo(), Traces: t.taps, Shop: t.config.shop(), Counts: t.uplink.counts, Hub: &t.hub, Sessions: t.sessions, People: t.people,
		Screens: ui.Handler(), Closing: ctx.Done(),
		Scan: func(text string) engine.Scan { return t.engine.Scanned("", text, "") }}
	options.Provisioned = t.configs.current
	if t.goods != nil {
		options.Goods = t.goods
	}
	return options
}

// serveAPI answers requests until ctx ends, then lets those under way finish.
func (t *till) serveAPI(ctx context.Context, listener net.Listener, options api.Options) error {
	server := &http.Server{ReadHeaderTimeout: 5 * time.Second, Handler: api.Handler(options)}
	closed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(closed)
		bounded, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if server.Shutdown(bounded) != nil {
			_ = server.Close()
		}
	})
	if t.opts.Ready != nil {
		t.opts.Ready(listener.Addr().String())
	}
	err := server.Serve(listener)
	if !stop() {
		<-closed // Serve returns before the requests under way are answered, and they need the journal
	}
	if !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// loadToken reads the bearer of the API, or makes one of 32 random bytes (mode 0600).
func loadToken(path string) (string, error) {
	text, err := os.ReadFile(path)
	if token := strings.TrimSpace(string(text)); err == nil && token != "" {
		return token, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	secret := make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		return "", err
	}
	token := hex.EncodeToString(secret)
	return token, cose.WriteFile(path, []byte(token+"\n"))
}

func errDisk(path string, err error) error {
	return pos.NewError("disk_failed", pos.Permanent, pos.NoneMoved, fmt.Sprintf("The file or folder %s cannot be used.", path),
		"Check the disk's space and the folder's owner. Nothing was sold and nothing is lost.").Because(err)
}

func errListen(address string, err error) error {
	return pos.NewError("address_in_use", pos.Permanent, pos.NoneMoved, fmt.Sprintf("The API cannot listen at %s.", address),
		"Stop what uses that address, or change api.listen. Nothing was sold and nothing is lost.").Because(err)
}
