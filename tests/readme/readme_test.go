// Package readme holds the README and the documents below infra/docs to what
// the product does.
package readme

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	_ "time/tzdata"

	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/emulator/cloud"
	"github.com/tollbook/tollbook/functions"
	"github.com/tollbook/tollbook/shared/call"
	"github.com/tollbook/tollbook/shared/catalog"
	"github.com/tollbook/tollbook/shared/cdr"
	"github.com/tollbook/tollbook/shared/deck"
	"github.com/tollbook/tollbook/shared/export"
	"github.com/tollbook/tollbook/shared/ratecard"
	"github.com/tollbook/tollbook/shared/rating"
)

// document reads one of the documents, from the module's root.
func document(t *testing.T, name string) string {
	t.Helper()
	t.Chdir("../..")
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

const (
	readmeFile       = "README.md"
	tryFile          = "infra/docs/try.md"
	installationFile = "infra/docs/installation.md"
	cardsFile        = "infra/docs/cards.md"
	decksFile        = "infra/docs/decks.md"
	exportsFile      = "infra/docs/exports.md"
)

// blocks returns the fenced blocks of a language.
func blocks(text, language string) []string {
	var out []string
	for _, m := range regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllStringSubmatch(text, -1) {
		out = append(out, m[1])
	}
	return out
}

// lines returns the lines of all sh blocks, without their comments; a line that
// ends in a backslash goes on.
func lines(text string) []string {
	var out []string
	for _, block := range blocks(text, "sh") {
		for line := range strings.Lines(strings.ReplaceAll(block, "\\\n", "")) {
			line, _, _ = strings.Cut(line, " #")
			if line = strings.TrimSpace(line); line != "" {
				out = append(out, line)
			}
		}
	}
	return out
}

func run(t *testing.T, args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if code := cloud.Main(context.Background(), args, &stdout, &stderr); code != 0 {
		t.Fatalf("%q: exit %d\n%s%s", args, code, &stdout, &stderr)
	}
	return stdout.String()
}

// rule returns the arguments with which a target of the Makefile runs the
// emulator.
func rule(t *testing.T, target string) []string {
	t.Helper()
	makefile, err := os.ReadFile("Makefile")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^` + target + `:.*\n\t@\$\(GO\) run \./emulator ((?:.*\\\n)*.*)`).FindStringSubmatch(string(makefile))
	if found == nil {
		t.Fatalf("make %s does not run the emulator", target)
	}
	return strings.Fields(strings.ReplaceAll(found[1], "\\\n", " "))
}

func TestTheSampleRunIsShownAsItIs(t *testing.T) {
	shown := blocks(document(t, readmeFile), "text")[0]
	out := t.TempDir()
	args := rule(t, "run")
	if args[len(args)-1] != "$(OUT)" {
		t.Fatalf("make run ends in %s, want $(OUT)", args[len(args)-1])
	}
	got := strings.ReplaceAll(run(t, append(args[:len(args)-1], out)...), out, "out/sample")
	if diff := cmp.Diff(shown, got); diff != "" {
		t.Errorf("-README +make run\n%s", diff)
	}
}

func TestTheCommandsOfTryWork(t *testing.T) {
	t.Chdir("../..")
	for name, want := range map[string]int{tryFile: 2, readmeFile: 2, cardsFile: 1, decksFile: 2} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		ran, out := 0, t.TempDir()
		for _, line := range lines(string(text)) {
			args, ok := strings.CutPrefix(line, "go run ./emulator ")
			if !ok || !strings.HasPrefix(args, "try ") && !strings.HasPrefix(args, "deck ") && !strings.HasPrefix(args, "fsck --out ") {
				continue
			}
			run(t, strings.Fields(strings.ReplaceAll(args, " out/", " "+out+"/"))...)
			ran++
		}
		if ran != want {
			t.Errorf("%s shows %d commands that need no installation, want %d", name, ran, want)
		}
	}
}

func TestEveryColumnOfADeckIsInTheTable(t *testing.T) {
	var want []string
	for _, c := range deck.Columns() {
		want = append(want, fmt.Sprintf("| `%s` | `%s` |", c.Name, strings.Join(c.Headers, "`, `")))
	}
	_, rest, _ := strings.Cut(document(t, decksFile), "| column | headers | |\n|---|---|---|\n")
	table, _, _ := strings.Cut(rest, "\n\n")
	var got []string
	for row := range strings.SplitSeq(table, "\n") {
		if cells := strings.SplitAfterN(row, " |", 3); len(cells) == 3 && len(cells[2]) > len(" x |") {
			got = append(got, cells[0]+cells[1])
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-product +%s\n%s", decksFile, diff)
	}
}

// The rules of decks, and an example that a setup takes.
func TestEveryRuleOfDecksIsInTheTable(t *testing.T) {
	text := document(t, decksFile)
	var want, got []string
	for f := range reflect.TypeFor[catalog.DeckRules]().Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		want = append(want, name)
	}
	_, rest, _ := strings.Cut(text, "| rule | |\n|---|---|\n")
	table, example, _ := strings.Cut(rest, "\n\n")
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\| .+ \\|$").FindAllStringSubmatch(table, -1) {
		got = append(got, row[1])
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-product +%s\n%s", decksFile, diff)
	}
	for limit := range reflect.TypeFor[ratecard.Sanity]().Fields() {
		if name, _, _ := strings.Cut(limit.Tag.Get("json"), ","); !strings.Contains(table, "`"+name+"`") {
			t.Errorf("%s does not name the limit %s", decksFile, name)
		}
	}
	example = regexp.MustCompile("(?s)```json\n(.*?)```").FindStringSubmatch(example)[1]
	if _, err := catalog.ParseSetup(strings.NewReader(`{"format": "tollbook setup 1", "cards": [` + example + `]}`)); err != nil || !strings.Contains(example, `"decks"`) {
		t.Errorf("%s: %v", example, err)
	}
}

func TestEveryRuleIsInTheTable(t *testing.T) {
	var want, got []string
	for f := range reflect.TypeFor[rating.Terms]().Fields() {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "currency" {
			want = append(want, name)
		}
	}
	_, rest, _ := strings.Cut(document(t, cardsFile), "| rule | |\n|---|---|\n")
	table, _, _ := strings.Cut(rest, "\n\n")
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\| .+ \\|$").FindAllStringSubmatch(table, -1) {
		got = append(got, row[1])
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-product +%s\n%s", cardsFile, diff)
	}
}

func TestEveryReasonIsInTheTable(t *testing.T) {
	var want []string
	for _, r := range call.Reasons {
		want = append(want, fmt.Sprintf("| %s | `%s` | %s |", r.Status, r.Reason, r.Meaning))
	}
	var got []string
	for _, line := range strings.Split(document(t, tryFile), "\n") {
		if regexp.MustCompile("^\\| (unrated|rejected|ignored) \\| `").MatchString(line) {
			got = append(got, line)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-product +%s\n%s", tryFile, diff)
	}
}

func TestEveryColumnIsInTheTable(t *testing.T) {
	var want []string
	for _, c := range cdr.Columns {
		want = append(want, fmt.Sprintf("| `%s` | `%s` |", c.Name, strings.Join(c.Aliases, "`, `")))
	}
	_, rest, _ := strings.Cut(document(t, tryFile), "| column | or called |\n|---|---|\n")
	table, _, _ := strings.Cut(rest, "\n\n")
	if diff := cmp.Diff(want, strings.Split(table, "\n")); diff != "" {
		t.Errorf("-product +%s\n%s", tryFile, diff)
	}
}

func TestEveryColumnOfAnExportIsInTheTable(t *testing.T) {
	var got []string
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\| (?:string|int|decimal|timestamp)").FindAllStringSubmatch(document(t, exportsFile), -1) {
		got = append(got, row[1])
	}
	if diff := cmp.Diff(export.Columns(), got); diff != "" {
		t.Errorf("-product +%s\n%s", exportsFile, diff)
	}
}

func TestEveryOptionIsInTheTable(t *testing.T) {
	text := document(t, tryFile)
	var stdout, stderr bytes.Buffer
	cloud.Main(context.Background(), []string{"try", "-h"}, &stdout, &stderr)
	options := regexp.MustCompile(`(?m)^  -([a-z]+)`).FindAllStringSubmatch(stderr.String(), -1)
	if len(options) < 10 {
		t.Fatalf("only %d options listed by try -h", len(options))
	}
	for _, o := range options {
		if !strings.Contains(text, "`--"+o[1]) {
			t.Errorf("%s does not say what --%s does", tryFile, o[1])
		}
	}
}

func TestEveryFunctionIsInTheTable(t *testing.T) {
	m, err := functions.LoadManifest()
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, e := range m.Functions {
		want = append(want, e.Name)
	}
	var got []string
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z]+)` \\| (a file|work orders|every|twice|people)").FindAllStringSubmatch(document(t, installationFile), -1) {
		got = append(got, row[1])
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-manifest +%s\n%s", installationFile, diff)
	}
}

func TestLinksLeadSomewhere(t *testing.T) {
	t.Chdir("../..")
	for _, name := range []string{readmeFile, tryFile, installationFile, cardsFile, decksFile, exportsFile} {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		dir := name[:strings.LastIndexByte(name, '/')+1]
		for _, link := range regexp.MustCompile(`\]\(([^)]+)\)`).FindAllStringSubmatch(string(data), -1) {
			if strings.Contains(link[1], "://") {
				continue
			}
			path, heading, _ := strings.Cut(link[1], "#")
			if path = dir + path; path == dir {
				path = name
			}
			text, err := os.ReadFile(path)
			if info, statErr := os.Stat(path); statErr == nil && info.IsDir() {
				err = nil
			}
			if err != nil {
				t.Errorf("%s links to %s: %v", name, link[1], err)
			}
			title := strings.ReplaceAll(heading, "-", " ")
			if heading != "" && !strings.Contains(strings.ToLower(string(text)), "\n## "+title+"\n") {
				t.Errorf("%s links to %s, but there is no heading %q", name, link[1], title)
			}
		}
	}
}
