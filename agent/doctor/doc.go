// Package doctor examines a till from outside, for the technician: its configuration, its data, the machine beneath, the way to the platform and the ports
// of its devices. Each finding says what it means and what to do.
//
// It writes nothing, opens no device and talks to nobody but the till's own API on this machine and the broker that the till is configured to. A running till
// is asked for what only it can know.
package doctor
