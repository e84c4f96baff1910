// Package settle reads acquirers' statements, knows what fees are agreed, and computes what a merchant is owed for a business day. It moves no money: it keeps
// no balances and pays nothing out. What it computes stands beside what the acquirer says that it has paid, and a person decides.
package settle
