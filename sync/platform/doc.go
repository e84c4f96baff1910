// Package platform takes the tills' records into custody: it verifies batches, keeps them in a ledger, folds them into payments,
// and signs for what is committed. It keeps nothing outside its database, so it can be killed at any moment; the tills send again.
//
// A batch is verified by [Tills.Verify] (who sent it, is it whole) and taken by [Custody.Take] (does it fit what is there),
// whatever courier brought it. [Serve] is the courier MQTT.
package platform
