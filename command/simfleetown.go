package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/sync/platform"
)

// ownCenter is a broker and a platform that a fleet has started for itself, each in a process of its own, so that the fleet's memory and
// processor time are its own.
type ownCenter struct {
	broker   string
	config   platform.Config
	dir      string
	keep     bool
	children []*exec.Cmd // in the order of their start
}

// ownStart is how long a child may take to start.
const ownStart = time.Minute

// startOwn starts a broker and a platform that knows the fleet.
func (f *simFleetFlags) startOwn(ctx context.Context) (own *ownCenter, err error) {
	own = &ownCenter{dir: f.data, keep: f.data != ""}
	defer func() {
		if err != nil {
			err = errors.Join(err, own.stop(io.Discard))
		}
	}()
	if own.dir == "" {
		if own.dir, err = os.MkdirTemp("", "tillproof-fleet-"); err != nil {
			return own, err
		}
	}
	if own.dir, err = filepath.Abs(own.dir); err != nil {
		return own, err
	}
	listen, err := own.configure(f)
	if err != nil {
		return own, err
	}
	if err := own.start("broker", "--listen", strings.TrimPrefix(own.broker, "tcp://")); err != nil {
		return own, err
	}
	if err := own.await(ctx, func() error { return answers(own.broker) }); err != nil {
		return own, err
	}
	if err := own.start("platform", "-c", filepath.Join(own.dir, "platform.yaml")); err != nil {
		return own, err
	}
	return own, own.await(ctx, func() error { return healthy(ctx, listen) })
}

// configure writes platform.yaml and makes the platform's key, and says where the platform is going to listen.
func (o *ownCenter) configure(f *simFleetFlags) (listen string, err error) {
	addresses, err := freeAddresses(2)
	if err != nil {
		return "", err
	}
	o.broker = "tcp://" + addresses[0]
	o.config = platform.Config{Broker: o.broker, Listen: addresses[1], Keys: filepath.Join(o.dir, "platform.pem"), Merchants: f.merchants(),
		Database: filepath.Join(o.dir, "ledger.db")}
	if f.database != "" {
		if o.config.Database = f.database; !strings.Contains(f.database, "://") {
			if o.config.Database, err = filepath.Abs(f.database); err != nil {
				return "", err
			}
		}
	}
	if _, err := cose.LoadOrCreate(o.config.Keys); err != nil {
		return "", err
	}
	text, err := yaml.Marshal(o.config)
	if err != nil {
		return "", err
	}
	return addresses[1], os.WriteFile(filepath.Join(o.dir, "platform.yaml"), text, 0o600)
}

// start starts this program once more with other arguments. What it says goes into a file.
func (o *ownCenter) start(args ...string) error {
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	log, err := os.OpenFile(filepath.Join(o.dir, args[0]+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(exe, args...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return err
	}
	o.children = append(o.children, cmd)
	return nil
}

// await probes until a child is ready.
func (o *ownCenter) await(ctx context.Context, probe func() error) error {
	ctx, cancel := context.WithTimeout(ctx, ownStart)
	defer cancel()
	for {
		err := probe()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			text, _ := os.ReadFile(filepath.Join(o.dir, o.children[len(o.children)-1].Args[1]+".log")) // what it said, if anything
			return fmt.Errorf("%s does not start: %w\n%s", o.children[len(o.children)-1].Args[1], err, text)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// stop ends the children, tells what they have used, and removes what need not stay.
func (o *ownCenter) stop(w io.Writer) error {
	var errs []error
	for i := len(o.children) - 1; i >= 0; i-- {
		child := o.children[i]
		if child.Process.Signal(os.Interrupt) != nil {
			_ = child.Process.Kill() // a system without interrupts
		}
		timer := time.AfterFunc(30*time.Second, func() { _ = child.Process.Kill() })
		_ = child.Wait() // how it ended changes nothing any more
		timer.Stop()
		if s := child.ProcessState; s != nil {
			fmt.Fprintf(w, "%s used %s of processor time\n", child.Args[1], (s.UserTime() + s.SystemTime()).Round(100*time.Millisecond))
		}
	}
	if !o.keep && o.dir != "" {
		errs = append(errs, os.RemoveAll(o.dir))
	}
	return errors.Join(errs...)
}

// freeAddresses finds loopback addresses that nobody uses just now.
func freeAddresses(n int) ([]string, error) {
	var found []string
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close()
		found = append(found, l.Addr().String())
	}
	return found, nil
}

// answers says whether somebody accepts connections at tcp://host:port.
func answers(broker string) error {
	conn, err := net.DialTimeout("tcp", strings.TrimPrefix(broker, "tcp://"), time.Second)
	if err != nil {
		return err
	}
	return conn.Close()
}

// healthy says whether a platform is ready.
func healthy(ctx context.Context, listen string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+listen+"/healthz", nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("the platform says %s", answer.Status)
	}
	return nil
}
