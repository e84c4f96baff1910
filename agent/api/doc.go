// Package api is the local HTTP API of a till: payments, status, events, goods, pairing and health, as OpenAPI 3.1 with problems after RFC 9457.
//
// Every problem says what happened, what it means for the money and what to do next. The API has no opinion about money: it asks the engine.
//
// Who may ask: programs with the till's token, and browsers that were paired by a code which such a program has asked for. A browser's session
// may do what the token may, but pair others. Secrets travel in headers, cookies and bodies, never in an address, and none is logged.
package api
