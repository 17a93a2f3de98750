package delimited

// Formula reports whether a spreadsheet that opens a CSV may run a cell of the
// text s: it begins with = + - @ TAB or CR (OWASP: CSV injection). A leading
// apostrophe keeps it from that.
func Formula(s string) bool {
	if s == "" {
		return false
	}
	switch s[0] {
	case '=', '+', '-', '@', '\t', '\r':
		return true
	}
	return false
}
