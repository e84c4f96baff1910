package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// patience is how long one write to a listener may take, so that one who does not read is let go.
const patience = 5 * time.Second

// eventWriter writes server-sent events (WHATWG HTML §9.2). What is written is sent by flush.
type eventWriter struct {
	w       http.ResponseWriter
	control *http.ResponseController
	buffer  bytes.Buffer
}

func newEventWriter(w http.ResponseWriter) *eventWriter {
	return &eventWriter{w: w, control: http.NewResponseController(w)}
}

// event writes an event; id "" leaves the listener's last one as it is.
func (e *eventWriter) event(name, id string, data any) error {
	if id != "" {
		fmt.Fprintf(&e.buffer, "id: %s\n", id)
	}
	fmt.Fprintf(&e.buffer, "event: %s\ndata: ", name)
	encoder := json.NewEncoder(&e.buffer) // writes no line end but its last
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(data)
	e.buffer.WriteByte('\n')
	return err
}

// retry tells how long to wait before connecting again, in milliseconds.
func (e *eventWriter) retry(ms int) { fmt.Fprintf(&e.buffer, "retry: %d\n\n", ms) }

// beat writes a comment, which shows that the till is alive.
func (e *eventWriter) beat() { e.buffer.WriteString(": beat\n\n") }

// flush sends what was written. An error ends the stream: the listener has gone, or does not read.
func (e *eventWriter) flush() error { return e.flushAbove(0) }

// flushAbove is flush, once more than some bytes wait.
func (e *eventWriter) flushAbove(bytes int) error {
	if e.buffer.Len() <= bytes {
		return nil
	}
	if err := e.control.SetWriteDeadline(time.Now().Add(patience)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	_, err := e.w.Write(e.buffer.Bytes())
	e.buffer.Reset()
	if err != nil {
		return err
	}
	return e.control.Flush()
}
