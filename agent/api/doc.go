// Package api is the local HTTP API of a till: payments, status, sync and health, as OpenAPI 3.1 with problems after RFC 9457.
//
// Every problem says what happened, what it means for the money and what to do next. The API has no opinion about money: it asks the engine.
package api
