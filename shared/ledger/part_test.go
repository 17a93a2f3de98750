package ledger

import (
	"bytes"
	"encoding/json"
	"errors"
	"path"
	"testing"

	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/objects"
)

// A part is named by its directory, so a directory that anybody may have
// written has to be one of a whole part: every byte before it is of a block.
func TestAPartWithAnotherDirectoryIsRefused(t *testing.T) {
	october, err := ParseKey("main:2026-10")
	if err != nil {
		t.Fatal(err)
	}
	bucket := objects.NewMemory()
	w := newPartWriter(bucket, "parts/b/1")
	at := w.period(october)
	for shard := range uint8(3) {
		w.add(call.UsageBlock, at, shard, []byte("a row"))
	}
	if err := w.seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	whole := w.parts[0]
	p, err := openPart(t.Context(), bucket, whole)
	if err != nil {
		t.Fatal(err)
	}
	data, err := load(t.Context(), bucket, whole)
	if err != nil {
		t.Fatal(err)
	}
	blocks, end := p.dir.Blocks, p.dir.Blocks[2].Offset+p.dir.Blocks[2].Size
	for name, change := range map[string]func(*directory){
		"the first is left out":  func(d *directory) { d.Blocks = blocks[1:] },
		"the last is left out":   func(d *directory) { d.Blocks = blocks[:2] },
		"one is left out":        func(d *directory) { d.Blocks = []blockRef{blocks[0], blocks[2]} },
		"one in another's place": func(d *directory) { d.Blocks = []blockRef{blocks[0], blocks[0], blocks[2]} },
		"none":                   func(d *directory) { d.Blocks = nil },
		"another order":          func(d *directory) { d.Blocks = []blockRef{blocks[1], blocks[0], blocks[2]} },
		"one is longer":          func(d *directory) { d.Blocks[2].Size++ },
		"one is twice there":     func(d *directory) { d.Blocks = append(d.Blocks, d.Blocks[2]) },
		"of another period":      func(d *directory) { d.Blocks[1].Period = 1 },
		"nothing is changed":     func(*directory) {},
	} {
		dir := p.dir
		dir.Blocks = append([]blockRef(nil), blocks...)
		change(&dir)
		text, err := json.Marshal(dir)
		if err != nil {
			t.Fatal(err)
		}
		object := append(bytes.Clone(data[:end]), appendTrailer(text, partMagic)...)
		bucket := objects.NewMemory()
		ref, err := createNamed(t.Context(), bucket, path.Dir(whole.Name)+"/"+dirName(text), bytes.NewReader(object))
		if err != nil {
			t.Fatal(err)
		}
		_, err = openPart(t.Context(), bucket, ref)
		if sound := name == "nothing is changed"; sound != (err == nil) || !sound && !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
