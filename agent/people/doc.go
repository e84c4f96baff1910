// Package people knows who works at a till: cashiers and supervisors, each with a PIN.
//
// They stand in the file data/people.json (0600), which the agent and `tillproof people` share: every use reads it, and every change is made
// under a lock and replaces the whole file, so neither loses what the other wrote. A PIN is kept as argon2id (RFC 9106) only. Wrong tries are
// counted in the file before anybody learns how a try ended, so pulling the plug gives none for free.
package people
