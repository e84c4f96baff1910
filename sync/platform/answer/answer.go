// Package answer writes what the parts of the back office say over HTTP, all of them alike.
package answer

import (
	"encoding/json"
	"net/http"
	"time"
)

// JSON writes a value under a status (RFC 8259). A client that has gone by then is not told, and nobody else needs to be.
func JSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // the client has gone: nobody is left to tell
}

// Stamp is a time as the API writes it: UTC (RFC 3339) with milliseconds, of milliseconds since 1970-01-01 UTC.
func Stamp(ms int64) string { return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z") }
