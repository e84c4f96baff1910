package screens_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
)

// tell is the name of the function by which a page tells what breaks its content security policy.
const tell = "tillproofTold"

// watch listens to one page from its first byte on: what it asks for, what it writes to the console, and what its policy stops. Its methods
// are safe for concurrent use.
type watch struct {
	mu       sync.Mutex
	asked    []string // addresses
	said     []string // all of the console
	faults   []string // what no page may do
	expected []string // parts of faults that a test provokes
}

// hear takes an event of the page.
func (w *watch) hear(event any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		w.asked = append(w.asked, e.Request.URL)
	case *runtime.EventConsoleAPICalled:
		w.say(string(e.Type), e.Type == runtime.APITypeError || e.Type == runtime.APITypeWarning, spoken(e.Args))
	case *runtime.EventExceptionThrown:
		w.say("exception", true, e.ExceptionDetails.Error())
	case *log.EventEntryAdded:
		w.say(string(e.Entry.Source), e.Entry.Level == log.LevelError || e.Entry.Level == log.LevelWarning, e.Entry.Text+" "+e.Entry.URL)
	case *runtime.EventBindingCalled:
		if e.Name == tell {
			w.say("policy", true, e.Payload)
		}
	}
}

func (w *watch) say(source string, fault bool, text string) {
	line := source + ": " + text
	w.said = append(w.said, line)
	if fault {
		w.faults = append(w.faults, line)
	}
}

func spoken(args []*runtime.RemoteObject) string {
	words := []string{}
	for _, a := range args {
		words = append(words, strings.TrimSpace(fmt.Sprintf("%s %s", a.Value, a.Description)))
	}
	return strings.Join(words, " ")
}

// expect says which faults a test provokes, such as requests to a program that was killed.
func (w *watch) expect(parts ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.expected = append(w.expected, parts...)
}

// unexpected are the faults that nobody has announced.
func (w *watch) unexpected() (list []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, fault := range w.faults {
		if !slices.ContainsFunc(w.expected, func(part string) bool { return strings.Contains(fault, part) }) {
			list = append(list, fault)
		}
	}
	return list
}

// heard is every address and console line so far.
func (w *watch) heard() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Concat(w.asked, w.said)
}
