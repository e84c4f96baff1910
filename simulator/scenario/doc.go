// Package scenario starts whole tills with everything around them: broker, platform and agent as processes of their own, a
// simulated card terminal and scanner on serial devices, a simulated acquirer with its customers, and networks between them
// that can be cut. The demo runs until it is interrupted and is played from a panel in the browser; a script plays a seeded day
// with kills and cuts over all four tenders and proves at its end that no payment was lost or doubled.
package scenario
