package command

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"reflect"

	"github.com/tillproof/tillproof/drivers"
)

// maxDecodeLine bounds one line of input, and what is held of raw input: the longest ZVT frame, all bytes doubled, as hex with blanks.
const maxDecodeLine = 1 << 20

// cut says where raw input that is still coming may be cut.
type cut int

const (
	framed cut = iota // behind a frame, which has an end of its own
	ended             // behind what something else follows
	whole             // nowhere: it is one code
)

// tooLong passes over the rest of a line that is longer than [maxDecodeLine]. What it holds is shown to nobody: it may be a card's.
func (r *decodeRun) tooLong(lines *bufio.Reader) error {
	text := fmt.Sprintf("the line is longer than %d characters and was passed over", maxDecodeLine)
	if err := r.write([]drivers.Decoded{{Protocol: r.protocol, Error: text}}); err != nil {
		return err
	}
	err := bufio.ErrBufferFull
	for errors.Is(err, bufio.ErrBufferFull) {
		_, err = lines.ReadSlice('\n')
	}
	return err
}

// raw decodes bytes as they come, and holds back what may go on.
func (r *decodeRun) raw(in io.Reader) error {
	buffer, held := make([]byte, maxDecodeLine), 0
	for {
		n, err := in.Read(buffer[held:])
		held += n
		var list []drivers.Decoded
		if held > 0 {
			list = r.decode(buffer[:held])
		}
		keep := 0
		if err == nil && held < len(buffer) {
			list, keep = r.hold(buffer[:held], list)
		}
		copy(buffer, buffer[held-keep:held])
		held = keep
		if err := r.write(list); err != nil {
			return err
		}
		if err != nil {
			return unlessEOF(err)
		}
	}
}

// hold takes from a list what is not certain before more has come: the begin of a frame, a control byte that begins one as well, a code without its end. keep
// is how many bytes that is. What does not come out the same when it is decoded again by itself is not held.
func (r *decodeRun) hold(input []byte, list []drivers.Decoded) (certain []drivers.Decoded, keep int) {
	if r.cut == whole || len(list) == 0 {
		return nil, len(input)
	}
	last := list[len(list)-1]
	keep = len(last.Frame) / 2
	if keep > len(input) || r.cut == framed && last.OK && keep > 1 {
		return list, 0
	}
	if again := r.decode(input[len(input)-keep:]); len(again) != 1 || !reflect.DeepEqual(again[0], last) {
		return list, 0
	}
	return list[:len(list)-1], keep
}

// unlessEOF is an error of reading, but for the end of the input.
func unlessEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
