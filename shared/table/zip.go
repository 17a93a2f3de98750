package table

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
)

const (
	maxDirectory = 2 << 20  // bytes read to list what a zip archive holds
	maxRatio     = 500      // times that a part may grow, unpacked
	freeRatio    = 16 << 20 // bytes of a part to which no ratio applies
)

// archive is the parts of a workbook, by name in lower case: names differ by
// more than case (ECMA-376 part 2, 6.2.2.3).
type archive map[string]*zip.File

// openArchive lists a zip archive and refuses, before anything is unpacked, one
// that unpacks to more than the limits.
func openArchive(in *input, l Limits) (archive, error) {
	tooMany := &FileError{"the zip archive lists more parts than any workbook of rates has", asXLSX}
	if huge, err := hugeDirectory(in); err != nil {
		return nil, err
	} else if huge {
		return nil, tooMany
	}
	in.left = maxDirectory
	z, err := zip.NewReader(in, in.size)
	in.left = -1
	switch {
	case errors.Is(err, errTooMuch):
		return nil, tooMany
	case err != nil && !errors.Is(err, zip.ErrInsecurePath):
		return nil, &FileError{fmt.Sprintf("the file begins as a workbook (zip), but is cut or damaged (%v)", err), "send the file again, whole"}
	}
	parts := make(archive, len(z.File))
	total := uint64(0)
	for _, p := range z.File {
		name := strings.ToLower(strings.TrimPrefix(strings.ReplaceAll(p.Name, `\`, "/"), "/"))
		if strings.HasSuffix(name, "/") {
			continue
		}
		if parts[name] != nil {
			return nil, damaged("it has part %.80q twice", p.Name)
		}
		if p.Flags&1 != 0 {
			return nil, &FileError{"the zip archive is encrypted", "remove the password and send it again"}
		}
		parts[name] = p
		size := p.UncompressedSize64
		if total += size; total < size || total > uint64(l.Unpacked) {
			return nil, &FileError{fmt.Sprintf("unpacked, the file has more than %d bytes", l.Unpacked), "split it into workbooks of fewer rows, or send CSV"}
		}
		if size > freeRatio && size/maxRatio > p.CompressedSize64 {
			return nil, &FileError{fmt.Sprintf("part %.80q grows to more than %d times its size, unpacked", p.Name, maxRatio), asXLSX}
		}
	}
	return parts, nil
}

// hugeDirectory reports whether an archive counts its parts in 64 bits. The
// number is one that memory is set aside for, whether it is true or not.
func hugeDirectory(in *input) (bool, error) {
	const end, locator = 22, 20 // bytes of the end of the directory, and of what points to a larger one
	tail := make([]byte, min(in.size, end+locator+1<<16))
	if _, err := in.ReadAt(tail, in.size-int64(len(tail))); err != nil && err != io.EOF {
		return false, err
	}
	i := bytes.LastIndex(tail, []byte("PK\x05\x06"))
	if i < 0 || i+end > len(tail) {
		return false, nil // zip.NewReader says so
	}
	count := binary.LittleEndian.Uint16(tail[i+10:])
	size, offset := binary.LittleEndian.Uint32(tail[i+12:]), binary.LittleEndian.Uint32(tail[i+16:])
	large := count == 0xFFFF || size == 0xFFFF || size == 0xFFFFFFFF || offset == 0xFFFFFFFF
	return large && i >= locator && bytes.HasPrefix(tail[i-locator:], []byte("PK\x06\x07")), nil
}

// open returns the content of a part.
func (a archive) open(name string) (io.ReadCloser, error) {
	p := a[strings.ToLower(name)]
	if p == nil {
		return nil, damaged("it lacks part %.80q", name)
	}
	r, err := p.Open()
	if err != nil {
		return nil, badPart(name, err)
	}
	return r, nil
}

func badPart(name string, err error) error {
	if _, known := errors.AsType[*FileError](err); known {
		return err
	}
	return damaged("part %.80q: %v", name, err)
}

// each calls f for every start tag of a part. f may read on.
func (a archive) each(name string, f func(x *xmlReader) error) error {
	r, err := a.open(name)
	if err != nil {
		return err
	}
	defer r.Close()
	x := newXMLReader(r)
	for {
		kind, err := x.next()
		if err == io.EOF {
			return nil
		}
		if err == nil && kind == xmlStart {
			err = f(x)
		}
		if err != nil {
			return badPart(name, err)
		}
	}
}

// relation is what one part says of another.
type relation struct {
	kind   string // the last element of its type's address: "worksheet", "styles" …
	target string // the part's name
}

const maxRelations = 10_000

// relations returns the relations of a part, "" for the file as a whole, by id.
func (a archive) relations(of string) (map[string]relation, error) {
	dir, base := path.Split(of)
	name := dir + "_rels/" + base + ".rels"
	found := map[string]relation{}
	err := a.each(name, func(x *xmlReader) error {
		if string(x.name) != "Relationship" || string(x.attr("TargetMode")) == "External" {
			return nil
		}
		if len(found) == maxRelations {
			return fmt.Errorf("more than %d relations", maxRelations)
		}
		target := string(x.attr("Target"))
		if !strings.HasPrefix(target, "/") {
			target = path.Join("/", dir, target)
		}
		found[string(x.attr("Id"))] = relation{path.Base(string(x.attr("Type"))), strings.TrimPrefix(path.Clean(target), "/")}
		return nil
	})
	return found, err
}

// find returns the first part of a kind.
func find(relations map[string]relation, kind string) string {
	least := ""
	for id, r := range relations {
		if r.kind == kind && (least == "" || id < least) {
			least = id
		}
	}
	return relations[least].target
}
