# Prints every cell of a workbook that is not empty, one JSON object a line.
import json
import sys

import xlrd

KINDS = {
    xlrd.XL_CELL_TEXT: "text",
    xlrd.XL_CELL_NUMBER: "number",
    xlrd.XL_CELL_DATE: "date",
    xlrd.XL_CELL_BOOLEAN: "boolean",
    xlrd.XL_CELL_ERROR: "error",
}

book = xlrd.open_workbook(sys.argv[1])
for index, sheet in enumerate(book.sheets()):
    for row in range(sheet.nrows):
        for column, cell in enumerate(sheet.row(row)):
            if cell.ctype not in KINDS or cell.value == "":
                continue
            out = {"Sheet": index, "Row": row + 1, "Column": column, "Kind": KINDS[cell.ctype]}
            if out["Kind"] == "text":
                out["Text"] = cell.value
            elif out["Kind"] == "number":
                out["Number"] = cell.value
            elif out["Kind"] == "boolean":
                out["Text"] = "TRUE" if cell.value else "FALSE"
            elif out["Kind"] == "error":
                out["Text"] = xlrd.error_text_from_code[cell.value]
            else:
                y, m, d, *time = xlrd.xldate_as_tuple(cell.value, book.datemode)
                parts = []
                if y:
                    parts.append("%04d-%02d-%02d" % (y, m, d))
                if any(time) or not y:
                    parts.append("%02d:%02d:%02d" % tuple(time))
                out["Text"] = " ".join(parts)
            print(json.dumps(out))
