package table

// Path returns where in JSON the rows of a sheet are, such as "cards.default.rates";
// "" for other formats, and for rows that are the whole text.
func (f *File) Path(sheet int) string {
	if t, ok := f.tables.(*jsonTables); ok && sheet < len(t.list) {
		return t.list[sheet].path
	}
	return ""
}
