package command

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tillproof/tillproof/agent"
	"github.com/tillproof/tillproof/agent/people"
	"github.com/tillproof/tillproof/pos"
)

// maxPINLine bounds a line with a PIN, in bytes.
const maxPINLine = 256

// peopleFlags are what the commands on a till's people have in common. PINs are no flags: whoever lists processes would read them.
type peopleFlags struct {
	dir      string
	json     bool
	name     string
	role     string
	pinStdin bool
}

func peopleCommand() *cobra.Command {
	f := &peopleFlags{}
	group := &cobra.Command{Use: "people", Short: "Set up who works at a till; the till may run"}
	group.PersistentFlags().StringVar(&f.dir, "data", "data", "data folder of the till, or of a demo")
	add := &cobra.Command{Use: "add ID --name N --role cashier|supervisor", Short: "Set somebody up; the PIN is asked for", Args: cobra.ExactArgs(1), RunE: f.add}
	add.Flags().StringVar(&f.name, "name", "", "name for screens and receipts")
	add.Flags().StringVar(&f.role, "role", "", "cashier or supervisor")
	_ = add.MarkFlagRequired("name") // fails only for flags that are not there
	_ = add.MarkFlagRequired("role")
	list := &cobra.Command{Use: "list", Short: "Show who is set up", Args: cobra.NoArgs, RunE: f.list}
	list.Flags().BoolVar(&f.json, "json", false, "print JSON")
	change := &cobra.Command{Use: "pin ID", Short: "Give somebody another PIN, which ends a pause too", Args: cobra.ExactArgs(1), RunE: f.pin}
	for _, c := range []*cobra.Command{add, change} {
		c.Flags().BoolVar(&f.pinStdin, "pin-stdin", false, "read the PIN from one line on stdin")
	}
	group.AddCommand(add, list, change,
		&cobra.Command{Use: "remove ID", Short: "Take somebody off the list", Args: cobra.ExactArgs(1), RunE: f.remove},
		&cobra.Command{Use: "unlock ID", Short: "End the pause after wrong PINs", Args: cobra.ExactArgs(1), RunE: f.unlock})
	return group
}

func (f *peopleFlags) open() (*people.People, error) {
	return people.Open(agent.PathsIn(tillFolder(f.dir)).People)
}

func (f *peopleFlags) add(c *cobra.Command, args []string) error {
	who := people.Person{ID: pos.PersonID(args[0]), Name: f.name, Role: people.Role(f.role)}
	return f.withPIN(c, func(p *people.People, pin string) error {
		if err := p.Add(who, pin); err != nil {
			return err
		}
		c.Printf("%s is set up as %s.\n", who.ID, who.Role)
		return nil
	})
}

func (f *peopleFlags) pin(c *cobra.Command, args []string) error {
	return f.withPIN(c, func(p *people.People, pin string) error {
		if err := p.SetPIN(pos.PersonID(args[0]), pin); err != nil {
			return err
		}
		c.Printf("%s has another PIN.\n", args[0])
		return nil
	})
}

func (f *peopleFlags) withPIN(c *cobra.Command, use func(*people.People, string) error) error {
	p, err := f.open()
	if err != nil {
		return err
	}
	pin, err := f.readPIN(c)
	if err != nil {
		return exit(exitUsage, err)
	}
	return use(p, pin)
}

// readPIN asks for a PIN twice, or takes it from one line on stdin.
func (f *peopleFlags) readPIN(c *cobra.Command) (string, error) {
	if f.pinStdin {
		return pinLine(c.InOrStdin())
	}
	first, err := hiddenLine(c, "PIN (4 to 12 digits): ")
	if err != nil {
		return "", err
	}
	second, err := hiddenLine(c, "The same again: ")
	if err == nil && first != second {
		err = errors.New("the two PINs differ: nothing was changed")
	}
	return first, err
}

// pinLine reads one line and nothing else; an input that goes on is not a PIN.
func pinLine(in io.Reader) (string, error) {
	text, err := bufio.NewReader(io.LimitReader(in, maxPINLine)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	return strings.TrimRight(text, "\r\n"), nil
}

func (f *peopleFlags) remove(c *cobra.Command, args []string) error {
	p, err := f.open()
	if err == nil {
		err = p.Remove(pos.PersonID(args[0]))
	}
	if err != nil {
		return err
	}
	c.Printf("%s is off the list.\n", args[0])
	return nil
}

func (f *peopleFlags) unlock(c *cobra.Command, args []string) error {
	p, err := f.open()
	if err == nil {
		err = p.Unlock(pos.PersonID(args[0]))
	}
	if err != nil {
		return err
	}
	c.Printf("%s may try again.\n", args[0])
	return nil
}

// listedPerson is a person as --json prints it.
type listedPerson struct {
	ID            pos.PersonID `json:"id"`
	Name          string       `json:"name"`
	Role          people.Role  `json:"role"`
	WrongTries    int          `json:"wrong_tries"`
	LockedUntilAt string       `json:"locked_until_at,omitempty"`
}

func (f *peopleFlags) list(c *cobra.Command, _ []string) error {
	p, err := f.open()
	if err != nil {
		return err
	}
	standings, err := p.Standings()
	if err != nil {
		return err
	}
	items := []listedPerson{}
	for _, s := range standings {
		item := listedPerson{ID: s.ID, Name: s.Name, Role: s.Role, WrongTries: s.WrongTries}
		if !s.LockedUntil.IsZero() {
			item.LockedUntilAt = s.LockedUntil.Format("2006-01-02T15:04:05.000Z07:00")
		}
		items = append(items, item)
	}
	if f.json {
		return writeJSON(c.OutOrStdout(), map[string]any{"items": items})
	}
	for i := range items {
		printPerson(c.OutOrStdout(), &items[i], standings[i].LockedUntil)
	}
	return nil
}

func printPerson(w io.Writer, p *listedPerson, locked time.Time) {
	note := ""
	switch {
	case !locked.IsZero():
		note = "  locked until " + locked.Local().Format(time.DateTime)
	case p.WrongTries > 0:
		note = fmt.Sprintf("  %d wrong tries", p.WrongTries)
	}
	fmt.Fprintf(w, "%-32s %-10s %s%s\n", p.ID, p.Role, p.Name, note)
}
