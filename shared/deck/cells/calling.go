package cells

// twoDigits has bit n set where n is a country calling code of two digits
// (ITU-T E.164, list of assigned country codes).
var twoDigits = func() (set [100]bool) {
	for _, n := range [...]int{20, 27, 30, 31, 32, 33, 34, 36, 39, 40, 41, 43, 44, 45, 46, 47, 48, 49, 51, 52, 53, 54, 55, 56, 57, 58,
		60, 61, 62, 63, 64, 65, 66, 81, 82, 84, 86, 90, 91, 92, 93, 94, 95, 98} {
		set[n] = true
	}
	return set
}()

// callingCode returns how many digits of the code are its country calling
// code; 0 when the code has none, being too short or beginning with 0. The
// codes of three digits are those that no shorter one begins, assigned or not.
func callingCode(code []byte) int {
	switch {
	case len(code) == 0 || code[0] == '0':
		return 0
	case code[0] == '1' || code[0] == '7':
		return 1
	case len(code) < 2:
		return 0
	case twoDigits[10*(code[0]-'0')+code[1]-'0']:
		return 2
	case len(code) < 3:
		return 0
	}
	return 3
}

// isCallingCode reports whether the code is a country calling code, whole.
func isCallingCode(code []byte) bool { return len(code) > 0 && callingCode(code) == len(code) }

// sameCountry reports whether two codes begin with the same calling code.
func sameCountry(a, b []byte) bool {
	n := callingCode(a)
	return n > 0 && n == callingCode(b) && string(a[:n]) == string(b[:n])
}
