package table

func (f *File) openXLS() error { return &FileError{"the workbook is .xls", asXLSX} }
