//go:build !linux

package mqtt

import "net"

// tune does nothing: other systems have no TCP_USER_TIMEOUT, there the write timeout and the ping find a dead peer.
func tune(*net.TCPConn) error { return nil }
