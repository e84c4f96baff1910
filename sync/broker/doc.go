// Package broker is a small MQTT broker inside the program, for the demo, for tests and for a shop without one of its own.
//
// It is the only importer of mochi-mqtt. It keeps nothing on disk and needs not to: the tills' journals are the only queue. For
// many tills a broker such as Mosquitto takes its place, under the same access rules: [MosquittoACL].
package broker
