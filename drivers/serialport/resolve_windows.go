package serialport

// resolve leaves the name as it is: COM ports have no other.
func resolve(path string) (string, error) { return path, nil }
