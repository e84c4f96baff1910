package idtech

import (
	"encoding/hex"
	"fmt"

	"github.com/tillproof/tillproof/drivers/idtech/codec"
)

func refusalText(code byte) string {
	switch code {
	case 0x15:
		return "not understood, or not possible"
	case 0x16:
		return "the function is not supported"
	case 0x17:
		return "in that mode already"
	}
	return "wrong length, or not in buffered mode"
}

func requestName(command byte) string {
	switch command {
	case 0x38:
		return "copyright"
	case 0x39:
		return "version"
	case 0x49:
		return "reset"
	case 0x50:
		return "arm"
	case 0x51:
		return "read_buffer"
	case 0x52:
		return "review"
	}
	return "set"
}

// request names what the host asks for.
func request(f *codec.Frame) map[string]any {
	if len(f.Data) == 0 {
		return nil
	}
	fields := map[string]any{"x_function": functionName(f.Data[0])}
	if f.Code == 0x53 && len(f.Data) > 2 {
		fields["x_value"] = hex.EncodeToString(f.Data[2:])
	}
	return fields
}

// settings names the functions of a reply with their values in hex; the security level is put into words.
func settings(data []byte) map[string]any {
	fields := map[string]any{}
	for len(data) >= 2 && len(data) >= 2+int(data[1]) {
		function, value := data[0], data[2:2+int(data[1])]
		fields["x_"+functionName(function)] = hex.EncodeToString(value)
		if function == 0x7E && len(value) == 1 {
			fields["status"], fields["text"] = string(value), levelText(value[0])
		}
		data = data[2+len(value):]
	}
	return fields
}

func functionName(function byte) string {
	switch function {
	case 0x1A:
		return "reader"
	case 0x1F:
		return "all"
	case 0x22:
		return "firmware"
	case 0x41:
		return "baud"
	case 0x49:
		return "mask_begin"
	case 0x4A:
		return "mask_end"
	case 0x4C:
		return "encryption"
	case 0x4E:
		return "serial"
	case 0x50:
		return "expiry"
	case 0x51:
		return "ksn"
	case 0x5C:
		return "hashes"
	case 0x7E:
		return "security_level"
	case 0x83:
		return "authentication"
	case 0x84:
		return "encrypt_option"
	case 0x85:
		return "enhanced"
	case 0x86:
		return "mask_option"
	}
	return fmt.Sprintf("%02x", function)
}

// levelText puts a security level into words. Only 3 and 4 encrypt.
func levelText(level byte) string {
	switch level {
	case '0':
		return "the keys are used up"
	case '1':
		return "no keys: card data come in clear"
	case '2':
		return "keys, and card data still come in clear"
	case '3':
		return "card data are encrypted"
	case '4':
		return "card data are encrypted, and the host proves itself"
	}
	return ""
}
