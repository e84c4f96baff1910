// Package gs1 reads GS1 data: trade item numbers, element strings, the bracketed form, Digital Links, and the labels with weight
// or price that a shop's scales print.
//
// Sources: GS1 General Specifications, GS1 Barcode Syntax Dictionary (release 2026-01-27), GS1 Digital Link: URI Syntax. The
// rules that make one identifier need another are not enforced: a till sells what has a number. No error tells a value.
package gs1
