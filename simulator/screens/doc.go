// Package screens looks at a whole till as the people in a shop do: a real browser before the program as it is shipped, with the simulated
// world of package scenario around it. It holds tests only. Each test owns a demo and a browser profile; nothing is replaced inside the
// program. Run it with -v to see what was measured, and with -shots DIR to see what was looked at.
package screens
