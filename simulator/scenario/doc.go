// Package scenario starts whole tills with everything around them: broker, platform and agent as processes of their own, a simulated card
// terminal on a serial device, and networks between them that can be cut. The demo runs until it is interrupted, a script plays a seeded day with
// kills and cuts and proves at its end that no payment was lost or doubled.
package scenario
