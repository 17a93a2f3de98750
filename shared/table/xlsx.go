package table

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/tollbook/tollbook/shared/xls"
)

// workbook is an open .xlsx file. It is read here rather than by a library
// for spreadsheets: a deck needs the stored value of each cell and whether it
// is a date, row by row in bounded memory, and nothing else.
type workbook struct {
	f        *File
	parts    archive
	list     []xlsxSheet
	date1904 bool
	dates    []bool // by style: the format shows a date or a time
	percents []bool // by style: it shows a percentage
	styles   string // name of the part, "" = none
	strings  string // name of the part, "" = none
	shared   *sharedStrings
}

var errNoSheet = &FileError{"the workbook has no visible sheet of cells", "unhide the sheet of rates and save it again"}

type xlsxSheet struct{ name, part string }

// notWorkbooks are files of other programs that are zip archives, too, by a
// part that each has.
var notWorkbooks = []struct{ part, problem, remedy string }{
	{"xl/workbook.bin", "the workbook is binary (.xlsb)", asXLSX},
	{"index/document.iwa", "the file is one of Numbers", "export it as .xlsx or CSV"},
	{"word/document.xml", "the file is a text document (.docx)", "copy its table to a spreadsheet and save that as .xlsx"},
	{"ppt/presentation.xml", "the file is a presentation", "copy its table to a spreadsheet and save that as .xlsx"},
	{"content.xml", "the file is an OpenDocument file (.ods)", "save it as .xlsx or CSV"},
}

func (f *File) openXLSX() error {
	parts, err := openArchive(f.in, f.limits)
	if err != nil {
		return err
	}
	for _, n := range notWorkbooks {
		if parts[n.part] != nil {
			return &FileError{n.problem, n.remedy}
		}
	}
	if parts["_rels/.rels"] == nil {
		return &FileError{fmt.Sprintf("the file is a zip archive of %d files, not a workbook", len(parts)), unpack}
	}
	w := &workbook{f: f, parts: parts}
	if err := w.open(); err != nil {
		return err
	}
	f.format, f.tables = XLSX, w
	return nil
}

func (w *workbook) open() error {
	root, err := w.parts.relations("")
	if err != nil {
		return err
	}
	main := find(root, "officeDocument")
	if main == "" {
		return damaged("it does not say which part is the workbook")
	}
	relations, err := w.parts.relations(main)
	if err != nil {
		return err
	}
	for _, r := range relations {
		if r.kind == "vbaProject" {
			w.f.warn("macros are passed over: the values are those of the last time the workbook was saved")
		}
	}
	if err := w.readWorkbook(main, relations); err != nil {
		return err
	}
	if len(w.list) == 0 {
		return errNoSheet
	}
	w.strings = find(relations, "sharedStrings")
	if w.styles = find(relations, "styles"); w.styles == "" {
		return nil
	}
	return w.readStyles()
}

// readWorkbook reads the list of sheets.
func (w *workbook) readWorkbook(main string, relations map[string]relation) error {
	count := 0
	return w.parts.each(main, func(x *xmlReader) error {
		switch string(x.name) {
		case "workbookPr":
			w.date1904 = isTrue(x.attr("date1904"))
		case "sheet":
			if count++; count > w.f.limits.Sheets {
				return &FileError{fmt.Sprintf("the workbook has more than %d sheets", w.f.limits.Sheets), "keep only the sheets of rates"}
			}
			name, state := strings.ToValidUTF8(string(x.attr("name")), "\uFFFD"), string(x.attr("state"))
			r, ok := relations[string(x.attr("id"))]
			switch {
			case !ok:
				return fmt.Errorf("sheet %.40q is in no part", name)
			case r.kind != "worksheet":
				w.f.warn("sheet %.40q is passed over: it is a %s", name, r.kind)
			case state == "hidden" || state == "veryHidden":
				w.f.warn("sheet %.40q is passed over: it is hidden", name)
			default:
				w.list = append(w.list, xlsxSheet{name, r.target})
			}
		}
		return nil
	})
}

func isTrue(b []byte) bool { return string(b) == "1" || string(b) == "true" }

const (
	maxStyles  = 100_000
	maxFormats = 10_000
	maxCode    = 1024 // bytes of a number format
)

// readStyles finds out which styles show dates.
func (w *workbook) readStyles() error {
	codes := map[int]string{}
	inCells := false
	return w.parts.each(w.styles, func(x *xmlReader) error {
		switch string(x.name) {
		case "numFmt":
			id, err := strconv.Atoi(string(x.attr("numFmtId")))
			if err != nil {
				return errors.New("a number format without a number")
			}
			code := x.attr("formatCode")
			if len(codes) == maxFormats || len(code) > maxCode {
				return fmt.Errorf("more than %d number formats, or one of more than %d bytes", maxFormats, maxCode)
			}
			if codes[id] == "" { // those of conditional formats come later
				codes[id] = string(code)
			}
		case "cellXfs", "cellStyleXfs", "dxfs":
			inCells = string(x.name) == "cellXfs"
		case "xf":
			if !inCells {
				return nil
			}
			if len(w.dates) == maxStyles {
				return fmt.Errorf("more than %d styles", maxStyles)
			}
			id := 0
			if b := x.attr("numFmtId"); len(b) > 0 {
				var err error
				if id, err = strconv.Atoi(string(b)); err != nil {
					return fmt.Errorf("number format %.20q of a style", b)
				}
			}
			w.dates = append(w.dates, xls.IsDateFormat(id, codes[id]))
			w.percents = append(w.percents, xls.IsPercentFormat(id, codes[id]))
		}
		return nil
	})
}

func (w *workbook) sheets() []string {
	names := make([]string, len(w.list))
	for i, s := range w.list {
		names[i] = s.name
	}
	return names
}

func (w *workbook) rows(sheet int) (rowReader, error) {
	if w.shared == nil {
		shared, err := w.readStrings()
		if err != nil {
			return nil, err
		}
		w.shared = shared
	}
	s := w.list[sheet]
	r, err := w.parts.open(s.part)
	if err != nil {
		return nil, err
	}
	return &sheetRows{w: w, sheet: s, part: r, x: newXMLReader(r)}, nil
}
