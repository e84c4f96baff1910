// Package pki knows whose keys count: it is the platform's certificate authority, enrols tills by one-time codes, keeps the signed list of the platform's
// own keys, and takes trust away again.
//
// Certificates say who may talk to the broker; they prove nothing about records. The key of a till's records, which enrolment ties to its name, does that,
// and it is revoked by naming the last record that still counts.
package pki
