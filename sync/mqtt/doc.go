// Package mqtt is the courier over MQTT 3.1.1: it connects, publishes, receives and reconnects, and stores nothing.
//
// It is the only importer of paho, and uses little of it: a new client for every connection, a clean session, no reconnecting of
// its own. What MQTT calls delivered (PUBACK) is no storage, so nothing here reports it; only the platform's signed
// acknowledgement counts.
package mqtt
