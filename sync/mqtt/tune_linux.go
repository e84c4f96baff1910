package mqtt

import (
	"net"

	"golang.org/x/sys/unix"
)

// tune makes a dead peer visible while bytes are under way (RFC 5482). Go has set TCP_NODELAY already.
func tune(conn *net.TCPConn) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Control(func(fd uintptr) {
		failed = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(userTimeout.Milliseconds()))
	})
	if err != nil {
		return err
	}
	return failed
}
