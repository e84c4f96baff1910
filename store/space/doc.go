// Package space tells how much room is left for records: till and platform both stop in time before a disk is full.
package space
