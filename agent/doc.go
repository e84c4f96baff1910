// Package agent is the till: it reads the configuration and wires journal, devices, engine, API and the way to the platform.
//
// Start: lock and journal, keys, engine (which doubts what the last life left pending), devices, sync, API. Closing goes the other way round:
// the API stops taking requests, sales under way may end within a bound, devices log off, the outbox stops, the journal writes what is only in memory.
package agent
