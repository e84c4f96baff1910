package scenario

import "syscall"

// childAttributes puts children into a group of their own, so that an interrupt at the keyboard reaches the demo alone and it can stop them in
// order.
func childAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
