// Package msr reads what a magnetic stripe reader on a serial line sends: tracks as text between their sentinels. It decodes what was recorded on such a
// line and shows of a number no more than its last four digits.
//
// Source: ISO/IEC 7813 and public manuals of readers.
package msr
