package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tillproof/tillproof/agent/detect"
	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
)

// detecting are the flags of detect.
type detecting struct {
	machine detect.Machine
	probe   string
	listen  int // milliseconds at each rate
	baud    int
	framing string
	json    bool
}

func detectCommand() *cobra.Command {
	d := &detecting{machine: "/"}
	c := &cobra.Command{Use: "detect [--probe PORT|tcp:HOST:PORT]", Short: "Find what stands at the serial ports; ask a named one what it speaks", Args: cobra.NoArgs,
		Long: "Detect lists the serial ports with the names that stay the same, says what is likely there, who uses them, and listens\n" +
			"for a moment at those that are free: scan a code meanwhile, and the scanner shows. It never writes to a port.\n\n" +
			"With --probe it asks the device at that port, and at no other, in the language of one family after the other, by\n" +
			"questions that move no money and change nothing. Each is shown with its bytes. What was found comes with the lines\n" +
			"for till.yaml. Stop the till before: a port has one user.\n\n" +
			"It ends with 0; a probe that finds nothing ends with 1, a port that cannot be opened with 3.",
		Example: "  tillproof detect\n  tillproof detect --probe /dev/serial/by-id/usb-FTDI_FT232R_USB_UART_A50285BI-if00-port0\n  tillproof detect --probe tcp:192.168.1.40:20007",
		RunE: func(c *cobra.Command, _ []string) error {
			ctx, stop := untilSignal(c.Context())
			defer stop()
			if d.listen < 0 || d.listen > 60_000 {
				return exit(exitUsage, fmt.Errorf("--listen-ms %d is not between 0 and 60000", d.listen))
			}
			if d.baud < 0 || d.baud > 4_000_000 {
				return exit(exitUsage, fmt.Errorf("--baud %d is no rate", d.baud))
			}
			if _, err := (drivers.Line{}).Framed(d.framing); err != nil {
				return exit(exitUsage, fmt.Errorf("--framing: %w", err))
			}
			if c.Flags().Changed("probe") {
				return d.runProbe(ctx, c)
			}
			return d.runSurvey(ctx, c)
		}}
	c.Flags().StringVar(&d.probe, "probe", "", "ask the device at this port, or at tcp:HOST:PORT, what it speaks")
	c.Flags().IntVar(&d.listen, "listen-ms", 800, "how long to listen at each rate, in milliseconds; 0 opens no port")
	c.Flags().IntVar(&d.baud, "baud", 0, "with --probe: this rate instead of each family's own")
	c.Flags().StringVar(&d.framing, "framing", "", "with --probe: data bits, parity and stop bits, such as 7E1, instead of each family's own")
	c.Flags().BoolVar(&d.json, "json", false, "print one JSON object")
	_ = c.RegisterFlagCompletionFunc("probe", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) { // it fails for flags that are not there only
		return d.names(), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	})
	return c
}

// names are the ports that a shell may complete, with what is there.
func (d *detecting) names() []string {
	list := []string{"tcp:"}
	ports, err := d.machine.Ports()
	if err != nil {
		return list
	}
	for i := range ports {
		list = append(list, ports[i].Name()+"\t"+ports[i].Text)
	}
	return list
}

func (d *detecting) runSurvey(ctx context.Context, c *cobra.Command) error {
	each := time.Duration(d.listen) * time.Millisecond
	if each > 0 && runtime.GOOS == "linux" {
		fmt.Fprintf(c.ErrOrStderr(), "listening for %v at the ports that nobody uses; scan a code now, or wake a device\n", each*time.Duration(len(detect.Rates())))
	}
	ports, err := d.machine.Survey(ctx, each)
	if errors.Is(err, detect.ErrNoList) {
		return exit(exitAway, pos.NewError("ports_unknown", pos.Permanent, pos.NoneMoved, "This system does not list its serial ports in files.",
			"Take the port's name from the system's device manager and ask it: tillproof detect --probe NAME. Nothing was changed.").Because(err))
	}
	if err != nil {
		return exit(exitAway, err)
	}
	if d.json {
		return writeJSON(c.OutOrStdout(), map[string]any{"ports": ports})
	}
	printPorts(c.OutOrStdout(), ports)
	return nil
}

func (d *detecting) runProbe(ctx context.Context, c *cobra.Command) error {
	if err := checkProbe(d.probe); err != nil {
		return exit(exitUsage, err)
	}
	path := probePath(d.probe)
	name := path
	if ports, err := d.machine.Ports(); err == nil {
		if p := d.machine.Find(ports, path); p != nil {
			name = p.Name()
			if err := usedByOthers(p); err != nil {
				return exit(exitAway, err)
			}
		}
	}
	how := detect.Probing{Name: name, Baud: d.baud, Framing: d.framing}
	if !d.json {
		how.Tell = func(s detect.Step) { printStep(c.ErrOrStderr(), s) }
	}
	result, err := detect.Probe(ctx, path, how)
	if err != nil {
		return exit(exitAway, err)
	}
	if d.json {
		err = writeJSON(c.OutOrStdout(), result)
	} else {
		printProbe(c.OutOrStdout(), &result)
	}
	if err == nil && result.Found == nil {
		return exit(exitNot, nil)
	}
	return err
}

// usedByOthers refuses a port of which other programs would get the answers, or take the questions for typing.
func usedByOthers(p *detect.Port) error {
	who, next := strings.Join(p.Users, " and "), "Stop it and probe again; nothing was sent."
	if tty := filepath.Base(p.Path); p.Console {
		who = "The kernel's console or a login"
		next = fmt.Sprintf("Stop the login (sudo systemctl stop serial-getty@%s), or take console=%s off the kernel's command line. Nothing was sent.", tty, tty)
	}
	if who == "" {
		return nil // a till that has it says so itself
	}
	return pos.NewError("device_unavailable", pos.Transient, pos.NoneMoved, fmt.Sprintf("%s has %s open.", who, p.Path), next)
}

// probePath is a port by its whole path: a name such as ttyS0 in /dev is looked up among those in use by that, and goes into till.yaml so.
func probePath(path string) string {
	if _, tcp := cutTCP(path); tcp {
		return path
	}
	return detect.WholePath(path)
}

// checkProbe refuses what is no port: a plain file would be written to.
func checkProbe(path string) error {
	if path == "" {
		return errors.New("--probe needs a port or tcp:HOST:PORT")
	}
	if address, tcp := cutTCP(path); tcp {
		return checkAddress(address)
	}
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil // it says itself that it is not there
	}
	if info, err := os.Stat(real); err == nil && info.Mode()&os.ModeCharDevice == 0 && runtime.GOOS != "windows" {
		return fmt.Errorf("%s is no serial port: `tillproof detect` lists them", path)
	}
	return nil
}
