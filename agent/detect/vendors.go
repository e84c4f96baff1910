package detect

// vendor is what the USB ids tell of a device.
type vendor struct {
	kind Kind
	text string
}

// vendorOf looks a USB vendor id up. The table holds makers whose devices stand at tills, and of chips that turn USB into a serial line; its ids are those that
// the makers' devices show.
func vendorOf(id string) vendor {
	const family = "; its country decides the family: zvt, ecr17, concert, transbank, hypercom"
	switch id {
	case "0b00":
		return vendor{CardTerminal, "Ingenico card terminal" + family}
	case "079b":
		return vendor{CardTerminal, "Ingenico (Sagem Monetel) card terminal" + family}
	case "11ca":
		return vendor{CardTerminal, "Verifone card terminal" + family}
	case "0acd":
		return vendor{Reader, "ID TECH card reader: idtech, if it encrypts"}
	case "0801":
		return vendor{Reader, "MagTek card reader"}
	case "0c2e", "0536":
		return vendor{Scanner, "Honeywell scanner: scanner"}
	case "05e0":
		return vendor{Scanner, "Zebra (Symbol) scanner: scanner"}
	case "05f9":
		return vendor{Scanner, "Datalogic scanner: scanner"}
	case "1eab":
		return vendor{Scanner, "Newland scanner: scanner"}
	case "065a":
		return vendor{Scanner, "Opticon scanner: scanner"}
	}
	if chip := chipOf(id); chip != "" {
		return vendor{Adapter, "adapter (" + chip + "): the device at its other end does not show"}
	}
	return vendor{Unknown, "a USB device of a maker that is not known here"}
}

// chipOf names the maker of an adapter's chip.
func chipOf(id string) string {
	switch id {
	case "0403":
		return "FTDI"
	case "067b":
		return "Prolific"
	case "10c4":
		return "Silicon Labs"
	case "1a86":
		return "CH340"
	case "04e2":
		return "Exar"
	case "110a":
		return "Moxa"
	case "9710":
		return "MosChip"
	case "0557":
		return "ATEN"
	case "04b4":
		return "Cypress"
	}
	return ""
}
