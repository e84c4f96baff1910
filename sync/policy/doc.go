// Package policy judges what a till may take while the platform is away. A policy is a document that the platform signs; the judgement is pure: what
// was taken so far and what time it is are told by the caller.
//
// Without a policy nothing is judged: cash, card terminals and QRs of the till's own work as they always do, and what needs a policy (approvals by the
// till itself) is off.
package policy
