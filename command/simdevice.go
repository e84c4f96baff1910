package command

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tillproof/tillproof/simulator/wire"
)

// simDevice is a simulated device that is being played.
type simDevice struct {
	run   func(ctx context.Context, next func(context.Context) (io.ReadWriteCloser, error)) error
	card  func(does string, after time.Duration) error // what happens with the next card, or what is held before a reader or scanner now
	close func() error
	acts  bool // card is an act of its own: there is nobody to ask for it
}

// simDeviceFlags are the flags of `sim device`.
type simDeviceFlags struct {
	port   string
	listen string
	memory string
	cards  []string
	every  time.Duration
	json   bool
}

func simDeviceCommand() *cobra.Command {
	f := &simDeviceFlags{}
	c := &cobra.Command{Use: "device FAMILY", Short: "Play a device at the byte level, for a till to sell at (families: " + strings.Join(simFamilies(), " ") + ")",
		Long: "Device plays a card terminal, reader or scanner until it is interrupted, on a pseudo-terminal that --port names or on a TCP port.\n" +
			"What the next cards do comes from --card and, line by line, from stdin: a behaviour and how many milliseconds the customer takes, such as\n" +
			"\"decline 2000\". Without any, every card is approved. A scanner takes texts to read, a reader cards to swipe.\n\n" + simBehaviours(),
		Args: cobra.ExactArgs(1), ValidArgs: simFamilies(), RunE: f.run}
	c.Flags().StringVar(&f.port, "port", "", "path under which the till finds the device, as a serial port")
	c.Flags().StringVar(&f.listen, "listen", "", "address on which the till finds the device, as a TCP terminal")
	c.Flags().StringVar(&f.memory, "memory", "", "file of the device's memory, which survives; by default it is forgotten")
	c.Flags().StringArrayVar(&f.cards, "card", nil, "what the next card does; may be repeated")
	c.Flags().DurationVar(&f.every, "every", 5*time.Second, "pause between the cards or texts of --card, of a reader or scanner")
	c.Flags().BoolVar(&f.json, "json", false, "print JSON: where the device is")
	c.MarkFlagsMutuallyExclusive("port", "listen")
	c.MarkFlagsOneRequired("port", "listen")
	return c
}

// simFamilies lists what can be played.
func simFamilies() []string { return slices.Sorted(maps.Keys(simDevices())) }

// simBehaviours lists what cards can do, family by family.
func simBehaviours() string {
	var b strings.Builder
	for _, family := range simFamilies() {
		if words := simDevices()[family].cards; words != nil {
			fmt.Fprintf(&b, "%s: %s\n", family, strings.Join(words, " "))
		}
	}
	return b.String()
}

func (f *simDeviceFlags) run(c *cobra.Command, args []string) error {
	family, known := simDevices()[args[0]]
	if !known {
		return exit(exitUsage, fmt.Errorf("there is no simulated %s, only: %s", args[0], strings.Join(simFamilies(), " ")))
	}
	for _, card := range f.cards {
		if _, _, err := simCard(family.cards, card); err != nil {
			return exit(exitUsage, err)
		}
	}
	outlet, err := f.outlet()
	if err != nil {
		return err
	}
	defer outlet.Close()
	device, err := family.make(f.memory, outlet.Stream())
	if err != nil {
		return exit(exitAway, err)
	}
	ctx, stop := untilSignal(c.Context())
	defer stop()
	next, err := plugged(ctx, outlet)
	if err == nil {
		err = f.announce(c, args[0], outlet)
	}
	if err != nil {
		return errors.Join(err, device.close())
	}
	played := make(chan error, 1)
	go func() { played <- device.run(ctx, next) }()
	go f.direct(ctx, c, device, family.cards)
	err = <-played
	if ctx.Err() != nil {
		err = nil // that is how it ends
	}
	if err = errors.Join(err, device.close()); err != nil {
		return exit(exitAway, err)
	}
	return nil
}

// outlet makes the place where the till finds the device.
func (f *simDeviceFlags) outlet() (outlet wire.Outlet, err error) {
	if f.listen != "" {
		outlet, err = wire.Listen(f.listen)
	} else if err = checkPlace(f.port); err == nil {
		outlet, err = wire.Open(f.port)
	}
	if err != nil {
		return nil, exit(exitAway, fmt.Errorf("the place for the device cannot be made: %w", err))
	}
	return outlet, nil
}

// checkPlace refuses a path where a link cannot be made, or would replace what is there. The link of an earlier device may be replaced.
func checkPlace(port string) error {
	if info, err := os.Lstat(port); err == nil && info.Mode()&os.ModeSymlink == 0 {
		return exit(exitAway, fmt.Errorf("%s is there already and is no device: name a path where nothing is", port))
	}
	if info, err := os.Stat(filepath.Dir(port)); err != nil || !info.IsDir() {
		return exit(exitAway, fmt.Errorf("there is no folder %s", filepath.Dir(port)))
	}
	return nil
}

// plugged is how a device comes by its wires. A serial port is there before anybody is told of it; a TCP port is from the begin.
func plugged(ctx context.Context, outlet wire.Outlet) (next func(context.Context) (io.ReadWriteCloser, error), err error) {
	if outlet.Stream() {
		return outlet.Next, nil
	}
	first, err := outlet.Next(ctx)
	return func(ctx context.Context) (io.ReadWriteCloser, error) {
		if port := first; port != nil {
			first = nil
			return port, nil
		}
		return outlet.Next(ctx)
	}, err
}

// announce says where the device is, and the lines of till.yaml for it.
func (f *simDeviceFlags) announce(c *cobra.Command, family string, outlet wire.Outlet) error {
	if f.json {
		return writeJSON(c.OutOrStdout(), map[string]string{"family": family, simPlace(outlet.Stream()): outlet.Address()})
	}
	c.Printf("A simulated %s is at %s. In till.yaml:\n\n%s\n", family, outlet.Address(), simLines(family, outlet.Address(), outlet.Stream()))
	return nil
}

// simPlace is the key of till.yaml for where a device is.
func simPlace(stream bool) string {
	if stream {
		return "tcp"
	}
	return "port"
}

// direct tells the device what comes: what --card says, then what stdin says, until either ends.
func (f *simDeviceFlags) direct(ctx context.Context, c *cobra.Command, device *simDevice, words []string) {
	for _, line := range f.cards {
		if device.acts && !rest(ctx, f.every) {
			return
		}
		device.play(ctx, c, words, line)
	}
	lines := bufio.NewScanner(c.InOrStdin())
	for lines.Scan() && ctx.Err() == nil {
		if strings.TrimSpace(lines.Text()) != "" {
			device.play(ctx, c, words, lines.Text())
		}
	}
}

// play does one line. What is held before a reader or scanner waits until a till has plugged it in.
func (d *simDevice) play(ctx context.Context, c *cobra.Command, words []string, line string) {
	does, after, err := simCard(words, line)
	if err != nil {
		c.PrintErrln(err)
		return
	}
	for err = d.card(does, after); err != nil && d.acts && rest(ctx, simReplug); err = d.card(does, after) {
	}
	if err != nil {
		c.PrintErrln(err)
	}
}

// simReplug is how often a reader or scanner is tried that no till has plugged in.
const simReplug = 200 * time.Millisecond

// rest waits, and says whether ctx goes on.
func rest(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// simCard reads a line: a behaviour, and how many milliseconds the customer takes. Without words it is any text.
func simCard(words []string, line string) (does string, after time.Duration, err error) {
	if words == nil {
		return line, 0, nil
	}
	fields := strings.Fields(line)
	if len(fields) == 0 || len(fields) > 2 || !slices.Contains(words, fields[0]) {
		return "", 0, fmt.Errorf("%q is nothing that a card does; known are: %s", line, strings.Join(words, " "))
	}
	if len(fields) == 2 {
		ms, err := strconv.Atoi(fields[1])
		if err != nil || ms < 0 {
			return "", 0, fmt.Errorf("%q: a customer takes a number of milliseconds", line)
		}
		after = time.Duration(ms) * time.Millisecond
	}
	return fields[0], after, nil
}
