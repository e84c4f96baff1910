// Package security holds tests only: it attacks brokers and platforms from outside, on the wire, as somebody would who has a till of his own, a stolen
// certificate, an old key, or nothing. What each of them must not be able to do stands in the names of the tests.
package security
