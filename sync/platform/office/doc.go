// Package office is the platform's back office over HTTP: who may come in, the registry of merchants, stores, tills, terminals, limits and fees, the ledger
// for people who look for something in it, and exports for programs. Other parts of the platform hang their own routes on its door.
package office
