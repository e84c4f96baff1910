package gs1

import "strings"

// identifierLength is the number of digits of the application identifier that begins with two given digits, 0 when there is none.
func identifierLength(two string) int {
	switch two {
	case "00", "01", "02", "03", "10", "11", "12", "13", "15", "16", "17", "20", "21", "22", "30", "37",
		"90", "91", "92", "93", "94", "95", "96", "97", "98", "99":
		return 2
	case "23", "24", "25", "40", "41", "42", "71":
		return 3
	case "31", "32", "33", "34", "35", "36", "39", "43", "70", "72", "80", "81", "82":
		return 4
	}
	return 0
}

// predefined is the length of identifier and value together where the first two digits of the identifier fix it, so that no separator
// is needed; 0 elsewhere (GS1 General Specifications §7.8.5).
func predefined(two string) int {
	switch two {
	case "00":
		return 20
	case "01", "02", "03":
		return 16
	case "11", "12", "13", "15", "16", "17":
		return 8
	case "20":
		return 4
	case "31", "32", "33", "34", "35", "36":
		return 10
	case "41":
		return 16
	}
	return 0
}

// format describes the value of an application identifier, "" when there is no such identifier. It is a row of parts: a character
// set (N, X, Y, Z), a length such as 6 or ..20, and a rule: c check digit over the part, d date whose day may be 00, D real date, z zero
// only. A part in brackets may be absent.
func format(ai string) string {
	switch len(ai) {
	case 2:
		return format2(ai)
	case 3:
		return format3(ai)
	case 4:
		return format4(ai)
	}
	return ""
}

func format2(ai string) string {
	switch ai {
	case "00":
		return "N18c"
	case "01", "02", "03":
		return "N14c"
	case "10", "21", "22":
		return "X..20"
	case "11", "12", "13", "15", "16", "17":
		return "N6d"
	case "20":
		return "N2"
	case "30", "37":
		return "N..8"
	case "90":
		return "X..30"
	case "91", "92", "93", "94", "95", "96", "97", "98", "99":
		return "X..90"
	}
	return ""
}

func format3(ai string) string {
	switch ai {
	case "235":
		return "X..28"
	case "240", "241", "250", "251", "400", "401", "403":
		return "X..30"
	case "242":
		return "N..6"
	case "243", "254", "420", "710", "711", "712", "713", "714", "715", "716", "717":
		return "X..20"
	case "253":
		return "N13c [X..17]"
	case "255":
		return "N13c [N..12]"
	case "402":
		return "N17c"
	case "410", "411", "412", "413", "414", "415", "416", "417":
		return "N13c"
	case "421":
		return "N3 X..9"
	case "422", "424", "426":
		return "N3"
	case "423", "425":
		return "N3 [N3] [N3] [N3] [N3]"
	case "427":
		return "X..3"
	}
	return ""
}

func format4(ai string) string {
	switch ai[:2] {
	case "31", "32", "33", "34", "35", "36", "39":
		return formatOfMeasure(ai[:3], ai[3])
	case "43":
		return formatOfTransport(ai)
	case "70":
		return formatOfTrade(ai)
	case "72":
		return formatOfPerson(ai)
	}
	return formatOfOther(ai)
}

// formatOfMeasure covers the identifiers whose last digit counts the decimals.
func formatOfMeasure(three string, decimals byte) string {
	switch {
	case three == "390" || three == "392":
		return digitUpTo(decimals, '9', "N..15")
	case three == "391" || three == "393":
		return digitUpTo(decimals, '9', "N3 N..15")
	case three == "394":
		return digitUpTo(decimals, '3', "N4")
	case three == "395",
		three >= "310" && three <= "316", three >= "320" && three <= "337",
		three >= "340" && three <= "357", three >= "360" && three <= "369":
		return digitUpTo(decimals, '5', "N6")
	}
	return ""
}

func digitUpTo(digit, most byte, format string) string {
	if digit < '0' || digit > most {
		return ""
	}
	return format
}

func formatOfTransport(ai string) string {
	switch ai {
	case "4300", "4301", "4310", "4311", "4320":
		return "X..35"
	case "4302", "4303", "4304", "4305", "4306", "4312", "4313", "4314", "4315", "4316":
		return "X..70"
	case "4307", "4317":
		return "X2"
	case "4308", "4319":
		return "X..30"
	case "4318":
		return "X..20"
	case "4309":
		return "N20"
	case "4321", "4322", "4323":
		return "N1"
	case "4324", "4325":
		return "N6d N4"
	case "4326":
		return "N6D"
	case "4330", "4331", "4332", "4333":
		return "N6 [X1]"
	}
	return ""
}

func formatOfTrade(ai string) string {
	switch ai {
	case "7001":
		return "N13"
	case "7002", "7023":
		return "X..30"
	case "7003":
		return "N6D N4"
	case "7004":
		return "N..4"
	case "7005":
		return "X..12"
	case "7006":
		return "N6D"
	case "7007":
		return "N6D [N6D]"
	case "7008":
		return "X..3"
	case "7009":
		return "X..10"
	case "7010":
		return "X..2"
	case "7011":
		return "N6D [N4]"
	case "7020", "7021", "7022":
		return "X..20"
	case "7040":
		return "N1 X3"
	case "7041":
		return "X..4"
	}
	if strings.HasPrefix(ai, "703") {
		return "N3 X..27"
	}
	return ""
}

func formatOfPerson(ai string) string {
	switch ai {
	case "7240":
		return "X..20"
	case "7241":
		return "N2"
	case "7242":
		return "X..25"
	case "7250":
		return "N8"
	case "7251":
		return "N12"
	case "7252":
		return "N1"
	case "7253", "7254", "7259":
		return "X..40"
	case "7255":
		return "X..10"
	case "7256":
		return "X..90"
	case "7257":
		return "X..70"
	case "7258":
		return "X3"
	}
	if strings.HasPrefix(ai, "723") {
		return "X2 X..28"
	}
	return ""
}

func formatOfOther(ai string) string {
	switch ai {
	case "8001":
		return "N14"
	case "8002", "8012":
		return "X..20"
	case "8003":
		return "N1z N13c [X..16]"
	case "8004":
		return "X..30"
	case "8005":
		return "N6"
	case "8006", "8026":
		return "N14c N4"
	case "8007":
		return "X..34"
	case "8008":
		return "N6D N2 [N2] [N2]"
	case "8009":
		return "X..50"
	case "8010":
		return "Y..30"
	case "8011":
		return "N..12"
	case "8013", "8014", "8020":
		return "X..25"
	case "8017", "8018":
		return "N18c"
	case "8019":
		return "N..10"
	case "8030":
		return "Z..90"
	case "8040", "8041":
		return "N15"
	case "8042":
		return "N32"
	case "8043":
		return "N18 [N..2]"
	case "8110", "8112", "8200":
		return "X..70"
	case "8111":
		return "N4"
	}
	return ""
}

// personal says whether an element tells of a patient. A till has no use for it and lets it go.
func personal(ai string) bool { return strings.HasPrefix(ai, "725") }
