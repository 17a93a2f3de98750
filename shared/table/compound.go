package table

import (
	"bytes"
	"io"
)

// encryptedName is the name of the stream that holds an encrypted workbook
// ([MS-OFFCRYPTO] 2.3.4.4), as the directory of a compound file writes it.
var encryptedName = func() []byte {
	var b []byte
	for _, c := range []byte("EncryptedPackage") {
		b = append(b, c, 0)
	}
	return append(b, 0, 0)
}()

// directoryEntry is how many bytes an entry of a compound file's directory has,
// and where in the file each of them begins, in any sector ([MS-CFB] 2.6.1).
const directoryEntry = 128

// isEncrypted reports whether a compound file holds an encrypted workbook.
func isEncrypted(in *input) (bool, error) {
	buf := make([]byte, 256<<10)
	for from := int64(0); from < in.size; from += int64(len(buf)) {
		n, err := in.ReadAt(buf[:min(int64(len(buf)), in.size-from)], from)
		if err != nil && err != io.EOF {
			return false, err
		}
		for i := 0; i+directoryEntry <= n; i += directoryEntry {
			if bytes.HasPrefix(buf[i:n], encryptedName) {
				return true, nil
			}
		}
	}
	return false, nil
}

func (f *File) openCompound() error {
	encrypted, err := isEncrypted(f.in)
	switch {
	case err != nil:
		return err
	case encrypted:
		return &FileError{"the workbook is encrypted", "remove the password and save it again"}
	}
	return f.openXLS()
}
