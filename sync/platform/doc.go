// Package platform takes the tills' records into custody: it verifies batches, keeps them in a ledger, folds them into payments,
// and signs for what is committed. It also carries payments by code and QR to their end at the acquirers, and answers the tills'
// calls about them. It keeps nothing outside its database, so it can be killed at any moment; the tills send and ask again.
//
// A batch is verified by [Tills.Verify] (who sent it, is it whole) and taken by [Custody.Take] (does it fit what is there),
// whatever courier brought it. A call is verified by [Tills.VerifyCall], made durable as a task of the wallet's loop, and answered;
// what comes of it becomes a numbered result of its till in the same transaction as the task's step, so that a till which has heard
// nothing pulls it. A QR that a till made itself becomes a task in the transaction of its record. [Serve] is the courier MQTT.
//
// The ledger's page and what it reads are served over HTTP, for reading only and without authorisation.
//
// What stands on its own is in packages below this one, which know nothing of it: who is enrolled and whose keys count (enrolled, trust, pki, registry), what
// tills find at the broker (publish), which of them are there (presence, gaps), what acquirers were told (messages), which replica serves whom (leases).
package platform
