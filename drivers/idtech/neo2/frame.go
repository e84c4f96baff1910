// Package neo2 is the line of readers that take chips and contactless cards (ID TECH NEO 2, ViVOpay): requests, replies, and what a reader tells of a card.
// Driver and simulator share it. Source: NEO 2 Interface Developer's Guide, chapters 7 and 8.
package neo2

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// Header begins every frame of protocol 2, in both directions.
const Header = "ViVOtech2\x00"

// The sizes of a frame, in bytes.
const (
	MaxData  = 3 << 10            // of the data; own bound, no result of a card has nearly as much
	headSize = len(Header) + 4    // header, command, sub-command or status, length
	crcSize  = 2                  // behind the data
	overhead = headSize + crcSize // of a frame without data
)

// Frame is one request or reply. Data belong to the input.
type Frame struct {
	Request bool
	Command byte
	Sub     byte // of a request
	Status  byte // of a reply
	Data    []byte
}

// The faults of a frame.
var (
	ErrTruncated = errors.New("truncated: the frame has no end")
	ErrCRC       = errors.New("wrong CRC")
	ErrLength    = fmt.Errorf("more than %d bytes of data", MaxData)
)

// CRC is CRC-16/CCITT of all bytes from the header on: polynomial 1021, begun with FFFF, not reflected.
func CRC(b []byte) uint16 {
	crc := uint16(0xFFFF)
	for _, c := range b {
		crc ^= uint16(c) << 8
		for range 8 {
			carry := crc&0x8000 != 0
			if crc <<= 1; carry {
				crc ^= 0x1021
			}
		}
	}
	return crc
}

// RequestFrame puts a command of the host on the line; its CRC has the low byte first.
func RequestFrame(command, sub byte, data ...byte) []byte {
	b := frame(command, sub, data)
	return binary.LittleEndian.AppendUint16(b, CRC(b))
}

// ReplyFrame puts a reader's reply on the line; its CRC has the high byte first.
func ReplyFrame(command, status byte, data ...byte) []byte {
	b := frame(command, status, data)
	return binary.BigEndian.AppendUint16(b, CRC(b))
}

func frame(command, second byte, data []byte) []byte {
	b := append(make([]byte, 0, overhead+len(data)), Header...)
	b = binary.BigEndian.AppendUint16(append(b, command, second), uint16(len(data)))
	return append(b, data...)
}

// Split takes the frame at the begin of b, which begins with the header or a part of it, and says how long it is. After an error n says how much cannot be
// understood; with [ErrTruncated] more may follow.
func Split(b []byte) (f Frame, n int, err error) {
	if len(b) < headSize {
		return f, len(b), ErrTruncated
	}
	length := int(binary.BigEndian.Uint16(b[headSize-2:]))
	n = overhead + length
	switch {
	case length > MaxData:
		return f, len(Header), ErrLength
	case len(b) < n:
		return f, len(b), ErrTruncated
	}
	f, err = whole(b[:n])
	return f, n, err
}

// whole reads a frame that has all its bytes. The order of the CRC tells a request from a reply; where both fit, the commands that we send do.
func whole(b []byte) (Frame, error) {
	at := len(b) - crcSize
	crc, f := CRC(b[:at]), Frame{Command: b[len(Header)], Data: b[headSize:at:at]}
	second := b[len(Header)+1]
	asks, answers := binary.LittleEndian.Uint16(b[at:]) == crc, binary.BigEndian.Uint16(b[at:]) == crc
	switch {
	case !asks && !answers:
		return Frame{}, ErrCRC
	case asks && (!answers || Name(f.Command, second) != ""):
		f.Request, f.Sub = true, second
	default:
		f.Status = second
	}
	return f, nil
}

// Begins says whether b begins as a frame does, as far as it goes.
func Begins(b []byte) bool {
	n := min(len(b), len(Header))
	return n > 0 && bytes.Equal(b[:n], []byte(Header)[:n])
}
