package export

import (
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
	libzstd "github.com/parquet-go/parquet-go/compress/zstd"
)

// What a row group holds at most: it is in memory until it is written. The
// bytes are counted before they are encoded; encoded and not, a group then
// takes less than 64 MiB.
const (
	groupRows  = 128 << 10
	groupBytes = 16 << 20
	// rowBytes is what a row counts for beside its texts.
	rowBytes = 8 * width
	// dictionaryBytes is where a column ends its dictionary, of which more than
	// the text is held: in the rest of the group it has its texts as they are.
	dictionaryBytes = 256 << 10
	// pageBytes is what a page holds before it is compressed; a dictionary's size
	// is looked at page by page.
	pageBytes = 128 << 10
)

// chunkRows is how many rows are handed over at a time.
const chunkRows = 64

// Schema returns the Parquet schema of files whose amounts have that many
// decimals.
func Schema(decimals int) *parquet.Schema {
	root := ordered{Group: parquet.Group{}}
	for _, c := range columns {
		root.Group[c.name] = c.node(decimals)
	}
	byName := map[string]parquet.Field{}
	for _, f := range root.Group.Fields() {
		byName[f.Name()] = f
	}
	for _, c := range columns {
		root.fields = append(root.fields, byName[c.name])
	}
	return parquet.NewSchema("records", root)
}

// ordered is a group whose fields have the order of the columns, not that of
// their names.
type ordered struct {
	parquet.Group
	fields []parquet.Field
}

// Fields returns the fields in their order.
func (o ordered) Fields() []parquet.Field { return o.fields }

// node says how a column is stored: in types and encodings that every reader
// has had for years.
func (c column) node(decimals int) parquet.Node {
	var node parquet.Node
	switch c.kind {
	case text:
		node = parquet.Encoded(parquet.String(), &parquet.Plain)
	case term:
		node = parquet.Encoded(parquet.String(), &parquet.RLEDictionary)
	case small:
		node = parquet.Encoded(parquet.Leaf(parquet.Int32Type), &parquet.RLEDictionary)
	case instant:
		node = parquet.Encoded(parquet.Timestamp(parquet.Microsecond), &parquet.Plain) // Spark reads no nanoseconds
	case seconds:
		node = parquet.Encoded(parquet.Decimal(9, 18, parquet.Int64Type), &parquet.Plain)
	case amount:
		decimal := parquet.Decimal(decimals, precision, parquet.FixedLenByteArrayType(decimalSize))
		node = parquet.Encoded(parquet.Leaf(amountType{decimal.Type()}), &parquet.Plain)
	default:
		node = parquet.Encoded(parquet.Leaf(parquet.Int64Type), &parquet.Plain)
	}
	if c.required {
		return parquet.Required(node)
	}
	return parquet.Optional(node)
}

// levels is the definition level of a value that is there.
func (c column) levels() int {
	if c.required {
		return 0
	}
	return 1
}

type parquetWriter struct {
	out      *parquet.GenericWriter[any]
	decimals int
	values   *values
	rows     []parquet.Row // not handed over yet
	cells    []parquet.Value
	scratch  []byte // what cells point to
	group    struct{ rows, bytes int }
	written  int64
	err      error
}

func newParquet(w io.Writer, decimals int) (*parquetWriter, error) {
	if err := checkDecimals(decimals); err != nil {
		return nil, err
	}
	compression, err := newCodec()
	if err != nil {
		return nil, err
	}
	options := []parquet.WriterOption{
		Schema(decimals), parquet.DataPageVersion(1), parquet.CreatedBy("tollbook", "1", ""),
		parquet.Compression(compression), parquet.DictionaryMaxBytes(dictionaryBytes), parquet.PageBufferSize(pageBytes),
	}
	for _, c := range columns {
		if c.kind == amount {
			// See amountType.
			options = append(options, parquet.SkipPageBounds(c.name), parquet.SkipPageStatistics(c.name))
		}
	}
	return &parquetWriter{out: parquet.NewGenericWriter[any](w, options...), decimals: decimals, values: newValues()}, nil
}

// codec compresses pages with Zstandard: files get a third smaller than with
// Snappy, at half as much time again. The library's own encoder holds 16 MiB.
type codec struct {
	libzstd.Codec
	encoder *zstd.Encoder
}

func newCodec() (*codec, error) {
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest),
		zstd.WithWindowSize(2*pageBytes), zstd.WithZeroFrames(true), zstd.WithEncoderCRC(false))
	if err != nil {
		return nil, fmt.Errorf("compressing: %w", err)
	}
	return &codec{encoder: encoder}, nil
}

// Encode compresses a page.
func (c *codec) Encode(dst, src []byte) ([]byte, error) {
	return c.encoder.EncodeAll(src, dst[:0]), nil
}

func (p *parquetWriter) Write(rec *Record) error {
	if p.err != nil {
		return p.err
	}
	p.written++
	before := len(p.scratch)
	if p.err = p.add(rec); p.err != nil {
		p.err = fmt.Errorf("parquet: row %d, line %d of its file: %w", p.written, rec.Row.Line, p.err)
		return p.err
	}
	p.group.rows++
	p.group.bytes += len(p.scratch) - before + rowBytes
	if p.group.rows >= groupRows || p.group.bytes >= groupBytes {
		p.endGroup()
	} else if len(p.rows) >= chunkRows {
		p.handOver()
	}
	return p.err
}

// add makes a row of a record.
func (p *parquetWriter) add(rec *Record) (err error) {
	if err := p.values.read(rec); err != nil {
		return err
	}
	from := len(p.cells)
	for i, c := range columns {
		v := &p.values.cells[i]
		if !v.set {
			p.cells = append(p.cells, parquet.NullValue().Level(0, 0, i))
			continue
		}
		var cell parquet.Value
		begin := len(p.scratch)
		switch c.kind {
		case text, term:
			p.scratch = append(p.scratch, v.text...)
			cell = parquet.ByteArrayValue(p.scratch[begin:])
		case amount:
			if p.scratch, err = appendDecimal(p.scratch, v.amount, p.decimals); err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			cell = parquet.FixedLenByteArrayValue(p.scratch[begin:])
		case small:
			cell = parquet.Int32Value(int32(v.number))
		default:
			cell = parquet.Int64Value(v.number)
		}
		p.cells = append(p.cells, cell.Level(0, c.levels(), i))
	}
	p.rows = append(p.rows, p.cells[from:len(p.cells):len(p.cells)])
	return nil
}

// handOver gives the rows to the library, which copies them.
func (p *parquetWriter) handOver() {
	if _, err := p.out.WriteRows(p.rows); err != nil {
		p.err = fmt.Errorf("parquet: up to row %d: %w", p.written, err)
	}
	p.rows, p.cells, p.scratch = p.rows[:0], p.cells[:0], p.scratch[:0]
}

func (p *parquetWriter) endGroup() {
	if p.handOver(); p.err != nil {
		return
	}
	if err := p.out.Flush(); err != nil {
		p.err = fmt.Errorf("parquet: up to row %d: %w", p.written, err)
	}
	p.group.rows, p.group.bytes = 0, 0
}

func (p *parquetWriter) Close() error {
	if p.err != nil {
		return p.err
	}
	if p.handOver(); p.err != nil {
		return p.err
	}
	if err := p.out.Close(); err != nil {
		p.err = fmt.Errorf("parquet: after row %d: %w", p.written, err)
	}
	return p.err
}
