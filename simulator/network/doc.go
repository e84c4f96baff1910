// Package network is a network that can be broken: a TCP proxy between a till and its platform that is cut and restored, that lets
// bytes pile up in one direction, and that tells a script when a number of bytes has passed.
package network
