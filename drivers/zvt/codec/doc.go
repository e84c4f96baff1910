// Package codec is the frame and field codec of ZVT, shared by the driver and the simulated terminal. It holds no state
// machine, no timer and no opinion about money: bytes in, values out, and back.
//
// Layers, from the wire up:
//
//   - [Frame] and [Decoder]: serial frames 10 02 … 10 03 CRC with ACK and NAK. [Splitter]: bare APDUs on TCP.
//   - [APDU] with [Parse]: class, instruction, length, data.
//   - [Fields] with [ParseFields]: the BMPs of the data; [Objects] with [ParseTLV]: the TLV container in BMP 06.
//   - [Builder]: writes an APDU field by field, in either direction.
//   - [Text] and [EncodeText]: what terminals print and display.
//
// Sources: PA00P016 rev 04 (transport), PA00P015 rev 13.08 (commands, BMP, TLV). Section names in comments are those of
// PA00P015 unless said otherwise. Every parser takes any input without panic and keeps at most one message of [MaxAPDU] bytes.
// Parsed values share the memory of the input that they were parsed from; events of the decoders own theirs.
// Nothing here is safe for use by several goroutines at once.
package codec
