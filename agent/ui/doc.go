// Package ui holds the two screens of a till: /till for the cashier and /display for the customer.
//
// They are plain HTML, CSS and ES modules, embedded as they stand: there is no build step, and nothing is loaded from elsewhere. The
// pages hold no data; what they show comes from the local API, which asks for the session of a paired browser. What a page must not
// forget in the middle of a sale (the order's number, the request as it was sent, the goods) it keeps in the browser's own storage, so
// that a reload goes on exactly there; what became of the money is always asked of the till.
package ui
