// Package courier carries messages between a till and the platform in files, on a USB stick for instance: batches of records one way, signed
// acknowledgements the other. The messages are those of sync/wire, byte for byte, so a file ends in the same ingest and the same custody as MQTT.
//
// A file is a magic number and chunks, each with its length and its check sum, so that a reader finds out where a file was damaged or cut, and
// takes everything before. Batches are sealed (HPKE, RFC 9180) to the platform's sealing key, chunk by chunk: who finds the stick reads nothing,
// and a file can be read from anywhere on. courier.cddl lists the keys of the chunks.
package courier
