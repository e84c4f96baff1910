//go:build !linux

package doctor

// timeService is not known on this system.
func timeService() (yes, known bool) { return false, false }
